/*
 * The text that fetching reads: netrc files, helpers' answers, URLs behind ssh, patterns of private paths.
 */
#include <string.h>

#include "cbuild/test.h"
#include "mod/source_impl.h"

void TestModNetrc(struct test *t)
{
	static const struct {
		const char *text, *user, *want; /* "USER PASSWORD" or "" */
	} cases[] = {
	    {"machine h login me password p", "", "me p"},
	    {"machine other login x password y\nmachine h\n\tlogin me\n\tpassword p\n", "", "me p"},
	    {"machine h login a password 1 machine h login b password 2", "b", "b 2"},
	    {"machine h login a password 1", "b", ""},
	    {"machine h password \"s p\\\"c\" login me", "", "me s p\"c"},
	    {"default login d password e", "", "d e"},
	    {"machine h login me password p default login d password e", "", "me p"},
	    {"macdef init\nmachine h login x password y\n\nmachine h login me password p", "",
	     "me p"},
	    {"machine h login me", "", ""},
	    {"machine", "", ""},
	    {"", "", ""},
	    {"machine hh login me password p", "", ""},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct login l = {0};
		struct str got = STR("");

		if (netrc_find(&a, str_of(cases[i].text), STR("h"), str_of(cases[i].user), &l))
			got = str_fmt(&a, "%.*s %.*s", STR_ARG(l.user), STR_ARG(l.password));
		T_CHECK(t, str_eqc(got, cases[i].want), "%s: got '%.*s', want '%s'", cases[i].text,
			STR_ARG(got), cases[i].want);
	}
	arena_fini(&a);
}

void TestModHelperAnswer(struct test *t)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
	    {"username=me\npassword=a=b\n", true},
	    {"username=me\n", false},
	    {"password=p\n", false},
	    {"quit=1\nusername=me\npassword=p\n", false},
	    {"", false},
	    {"nonsense", false},
	    {"protocol=https\nhost=x\nusername=me\npassword=a=b", true},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct login l;
		bool ok = helper_answer(&a, str_of(cases[i].text), &l);

		T_CHECK(t, ok == cases[i].ok && (!ok || str_eqc(l.password, "a=b")), "%s",
			cases[i].text);
	}
	arena_fini(&a);
}

void TestModUrlCovers(struct test *t)
{
	static const struct {
		const char *conf, *url;
		bool want;
	} cases[] = {
	    {"https://h", "https://h/x", true},
	    {"https://h/", "https://h/x", true},
	    {"https://h/x", "https://h/x/y", true},
	    {"https://h/x", "https://h/xy", false},
	    {"https://h", "http://h/x", false},
	    {"https://h", "https://h:8443/x", false},
	    {"https://h:8443", "https://h:8443/x", true},
	    {"https://me@h", "https://h/x", true},
	    {"https://me@h", "https://you@h/x", false},
	    {"https://h", "https://h.evil/x", false},
	    {"h", "https://h/x", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		T_CHECK(t, url_covers(str_of(cases[i].conf), str_of(cases[i].url)) == cases[i].want,
			"%s of %s", cases[i].conf, cases[i].url);
}

void TestModSshPlaces(struct test *t)
{
	static const struct {
		const char *url, *want; /* "USER HOST PORT PATH"; NULL: refused, "": no ssh */
	} cases[] = {
	    {"ssh://git@h/a/b.git", "git h  /a/b.git"},
	    {"ssh://h:2222/a", " h 2222 /a"},
	    {"ssh://me@[::1]:22/~you/x", "me ::1 22 ~you/x"},
	    {"git+ssh://h/x", " h  /x"},
	    {"git@h:a/b", "git h  a/b"},
	    {"h:/srv/x", " h  /srv/x"},
	    {"ssh://-oProxyCommand=x/y", NULL},
	    {"-oProxyCommand=x:y", NULL},
	    {"ssh://-o@h/y", NULL},
	    {"ssh://h:99999/y", NULL},
	    {"ssh://h:-1/y", NULL},
	    {"ssh://h", NULL},
	    {"h:-x", NULL},
	    {"ssh:///x", NULL},
	    {"https://h/x", ""},
	    {"/srv/x:y", ""},
	    {"file:///x", ""},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ssh_place p;
		struct str url = str_of(cases[i].url), got = STR("");
		bool ok = ssh_is_url(url);

		if (ok && ssh_parse(&a, url, &p))
			got = str_fmt(&a, "%s %s %s %s", p.user.p, p.host.p, p.port.p, p.path.p);
		else
			got = STR("");
		if (!cases[i].want)
			T_CHECK(t, ok && !got.n, "%s: got '%.*s'", url.p, STR_ARG(got));
		else
			T_CHECK(t, str_eqc(got, cases[i].want), "%s: got '%.*s'", url.p,
				STR_ARG(got));
	}
	arena_fini(&a);
}

void TestModPrivatePaths(struct test *t)
{
	static const struct {
		const char *patterns, *path;
		bool want;
	} cases[] = {
	    {"corp.example.com", "corp.example.com/x", true},
	    {"corp.example.com", "corp.example.com", true},
	    {"corp.example.com", "corp.example.com.evil/x", false},
	    {"*.example.com", "git.example.com/x/y", true},
	    {"*.example.com", "example.com/x", false},
	    {"a.b/x/*", "a.b/x/y/z", true},
	    {"a.b/x/*", "a.b/x", false},
	    {"a.b/x/", "a.b/x/y", true},
	    {"q.r, a.b/t[eo]am", "a.b/team/x", true},
	    {"", "a.b/x", false},
	    {",", "a.b/x", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		T_CHECK(t,
			private_path(str_of(cases[i].patterns), str_of(cases[i].path)) ==
			    cases[i].want,
			"%s of %s", cases[i].path, cases[i].patterns);
}
