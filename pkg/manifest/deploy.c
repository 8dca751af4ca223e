/*
 * Readers of what `deploy:` holds. Whether an address can be reached shows when it is tried; here it must
 * only be one.
 */
#include "manifest/manifest_impl.h"

void read_keep(struct reader *r, const struct yaml_node *v, void *number)
{
	*(uint32_t *)number = want_number(r, v, 1, 1000, "write how many good releases stay: 5");
}

void read_tries(struct reader *r, const struct yaml_node *v, void *number)
{
	*(uint32_t *)number = want_number(r, v, 1, 10000, "write how often it is tried: 10");
}

/* False, with a mistake, when the map has another kind already. */
static bool take_kind(struct reader *r, const struct yaml_node *v, struct health_spec *h,
		      enum health_kind kind)
{
	if (h->kind != HEALTH_NONE) {
		mistake(r, v, "keep one of cmd, tcp and http", "a second kind of check, '%.*s'",
			STR_ARG(r->key));
		return false;
	}
	h->kind = kind;
	return true;
}

void read_health_cmd(struct reader *r, const struct yaml_node *v, void *health)
{
	struct health_spec *h = health;

	if (take_kind(r, v, h, HEALTH_CMD))
		read_argv(r, v, &h->cmd);
	if (!h->cmd.n && v->kind != YAML_TEXT)
		mistake(r, v, "write a list: [PROGRAM, ARGUMENT]", "no command in '%.*s'",
			STR_ARG(r->key));
}

/* HOST:PORT, [V6]:PORT; digits are all that a port is. */
static bool is_address(struct str s)
{
	size_t colon = str_rfind(s, ':');
	uint64_t port;

	return colon > 0 && colon < s.n && str_u64(str_skip(s, colon + 1), &port) && port >= 1 &&
	       port <= 65535;
}

void read_health_tcp(struct reader *r, const struct yaml_node *v, void *health)
{
	struct health_spec *h = health;

	if (!take_kind(r, v, h, HEALTH_TCP) || !want_text(r, v))
		return;
	h->address = v->text;
	if (!is_address(v->text))
		mistake(r, v, "write HOST:PORT, as in 127.0.0.1:8080", "malformed address '%.*s'",
			STR_ARG(v->text));
}

void read_health_http(struct reader *r, const struct yaml_node *v, void *health)
{
	struct health_spec *h = health;

	if (!take_kind(r, v, h, HEALTH_HTTP) || !want_text(r, v))
		return;
	h->address = v->text;
	if (!str_startsc(v->text, "http://") && !str_startsc(v->text, "https://"))
		mistake(r, v, "write a URL, as in http://127.0.0.1:8080/healthz",
			"malformed URL '%.*s'", STR_ARG(v->text));
}

/* "10s", "500ms", "2m"; a day at most. */
void read_duration(struct reader *r, const struct yaml_node *v, void *ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
	static const uint64_t DAY_MS = 86400000;
	uint64_t n;

	if (!want_text(r, v))
		return;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		struct str unit = str_of(units[i].unit);

		if (str_endsc(v->text, units[i].unit) &&
		    str_u64(str_from(v->text.p, v->text.n - unit.n), &n) && n >= 1 &&
		    n <= DAY_MS / units[i].ms) {
			*(uint32_t *)ms = (uint32_t)(n * units[i].ms);
			return;
		}
	}
	mistake(r, v, "write a number and its unit: 500ms, 10s or 2m",
		"malformed time '%.*s' in '%.*s'", STR_ARG(v->text), STR_ARG(r->key));
}

void read_proof(struct reader *r, const struct yaml_node *v, void *proof)
{
	static const char *const names[] = {"process", "answer", "none", NULL};
	struct str name = {0};

	read_known(r, v, names, &name);
	for (unsigned i = 0; names[i]; i++)
		if (str_eqc(name, names[i]))
			*(enum health_proof *)proof = (enum health_proof)i;
}

void read_signal(struct reader *r, const struct yaml_node *v, void *str)
{
	static const char *const names[] = {"HUP", "TERM", "INT", "QUIT", "USR1", "USR2", NULL};

	read_known(r, v, names, str);
}
