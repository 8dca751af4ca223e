/*
 * libpq: connection words parsed, text quoted, a connection refused; with PGTEST (connection words) a query at the
 * server there, which scripts do not need.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

static int parsed(void)
{
	PQconninfoOption *o = PQconninfoParse("postgresql://u:p%20q@h:5433/db?application_name=x", NULL), *i;
	int seen = 0;

	for (i = o; i && i->keyword; i++)
		seen += i->val && ((strcmp(i->keyword, "password") == 0 && strcmp(i->val, "p q") == 0) ||
				   (strcmp(i->keyword, "port") == 0 && strcmp(i->val, "5433") == 0));
	PQconninfoFree(o);
	return seen == 2;
}

/* A key of SCRAM: what a password becomes, by HMAC and SHA-256, and UTF-8 prepared. */
static int scram(PGconn *c)
{
	char *key = PQencryptPasswordConn(c, "p\xc3\xa4ss", "u", "scram-sha-256");
	int ok = key && strncmp(key, "SCRAM-SHA-256$4096:", 19) == 0;

	PQfreemem(key);
	return ok;
}

static int refused(void)
{
	PGconn *c = PQconnectdb("host=127.0.0.1 port=1 connect_timeout=5 user=u sslmode=disable");
	char quoted[32];
	int error = 1, ok = PQstatus(c) == CONNECTION_BAD && strstr(PQerrorMessage(c), "refused") && scram(c) &&
			    PQescapeStringConn(c, quoted, "it's", 4, &error) == 5 && !error && strcmp(quoted, "it''s") == 0;

	PQfinish(c);
	return ok;
}

static int query(const char *words)
{
	PGconn *c = PQconnectdb(words);
	PGresult *r = PQexec(c, "select 40 + 2");
	int ok = PQresultStatus(r) == PGRES_TUPLES_OK && strcmp(PQgetvalue(r, 0, 0), "42") == 0;

	if (!ok)
		printf("%s", PQerrorMessage(c));
	PQclear(r);
	PQfinish(c);
	return ok;
}

int main(void)
{
	const char *words = getenv("PGTEST");

	return parsed() && refused() && PQlibVersion() >= 150000 && (!words || query(words)) ? 0 : 1;
}
