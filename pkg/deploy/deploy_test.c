/*
 * What whole-command tests do not reach: the journal's damage, where a rollback goes, policies, hosts.
 */
#include "cbuild/test.h"
#include "deploy/deploy_impl.h"

static struct place *new_place(struct test *t, struct arena *a)
{
	struct place *p = NULL;
	struct err e = {0};

	if (!place_open(a, str_fmt(a, "%s/host", test_tmpdir(t)),
			&(struct place_opts){.write = true}, &p, &e))
		test_fatal(t, __FILE__, __LINE__, "%s", e.msg);
	return p;
}

/* Deploys a release whose only file says text; its generation. */
static uint64_t deploy(struct test *t, struct place *p, const char *text)
{
	struct deploy_spec spec = {.keep = 9};
	struct deploy_outcome out;
	struct release_source src;
	struct err e = {0};
	const char *path = str_fmt(p->arena, "%s/app", test_tmpdir(t)).p;

	T_OK(t, file_write_fast(path, str_of(text), 0755, &e) &&
		    release_source(p->arena, str_of(path), &src, &e));
	T_CHECK(t, deploy_release(p, &src, &(struct deploy_opts){.spec = &spec}, &out, &e),
		"%s: %s", text, e.msg);
	return out.number;
}

static uint64_t rollback(struct test *t, struct place *p, uint64_t number)
{
	struct deploy_outcome out;
	struct err e = {0};

	(void)t;
	return deploy_rollback(p, number, &(struct deploy_opts){0}, &out, &e) ? out.number : 0;
}

/* Back is what was current before, and before that; not where a rollback came from. */
void TestDeployBack(struct test *t)
{
	struct arena a = {0};
	struct place *p = new_place(t, &a);

	T_EQ_INT(t, rollback(t, p, 0), 0);
	T_EQ_INT(t, deploy(t, p, "one"), 1);
	T_EQ_INT(t, rollback(t, p, 0), 0);
	T_EQ_INT(t, deploy(t, p, "two"), 2);
	T_EQ_INT(t, deploy(t, p, "three"), 3);
	T_EQ_INT(t, rollback(t, p, 0), 2);
	T_EQ_INT(t, rollback(t, p, 0), 1);
	T_EQ_INT(t, rollback(t, p, 0), 0);
	T_EQ_INT(t, rollback(t, p, 3), 3);
	T_EQ_INT(t, deploy(t, p, "one"), 1);
	T_EQ_INT(t, rollback(t, p, 0), 3);
	place_close(p);
	arena_fini(&a);
}

void TestDeployJournalDamage(struct test *t)
{
	struct arena a = {0};
	struct err e = {0};
	struct place *p = new_place(t, &a);
	const char *path = place_path(p, "journal");
	struct str text;

	deploy(t, p, "one");
	deploy(t, p, "two");
	place_close(p);
	/* A line in the middle that says nothing is left out, and said so; a torn tail goes. */
	T_OK(t, file_read(&a, path, 0, &text, &e));
	T_OK(t, file_write_fast(path,
				str_fmt(&a, "nonsense\n{\"change\":1}\n%.*s{\"chan", STR_ARG(text)),
				0644, &e));
	p = new_place(t, &a);
	T_EQ_INT(t, place_view(p)->damaged_lines, 2);
	T_EQ_INT(t, place_view(p)->generations.n, 2);
	T_EQ_INT(t, place_view(p)->current_number, 2);
	T_EQ_INT(t, rollback(t, p, 0), 1);
	place_close(p);
	T_OK(t, file_read(&a, path, 0, &text, &e));
	T_OK(t, str_containsc(text, "nonsense") && !str_containsc(text, "{\"chan{"));
	arena_fini(&a);
}

void TestDeployPolicyRoundTrip(struct test *t)
{
	struct arena a = {0};
	struct err e = {0};
	struct deploy_spec back;
	struct manifest m;
	struct json *v;
	struct str text;

	T_OK(t, manifest_parse(&a, STR("x"),
			       STR("deploy: {keep: 3, signal: HUP, log: [a, b], health: {http: "
				   "'http://x/', timeout: 3s, interval: 7ms, tries: 2, proof: "
				   "none}, canary: {run: [./x], health: {cmd: [y, z]}}}\n"),
			       &m, &e));
	text = json_dump(&a, policy_json(&a, &m.deploy));
	T_OK(t, json_parse(&a, text, "x", &v, &e));
	policy_read(&a, v, &back);
	T_EQ_STR(t, json_dump(&a, policy_json(&a, &back)).p, text.p);
	T_OK(t, back.health.kind == HEALTH_HTTP && back.health.proof == PROOF_NONE &&
		    back.health.timeout_ms == 3000 && back.canary_health.cmd.n == 2);
	/* What is of another kind counts as not said. */
	T_OK(t, json_parse(&a, STR("{\"keep\":\"x\",\"health\":{\"kind\":\"http\"},\"log\":[1]}"),
			   "x", &v, &e));
	policy_read(&a, v, &back);
	T_OK(t, !back.keep && back.health.kind == HEALTH_NONE && !back.log.n);
	arena_fini(&a);
}

void TestDeployRemoteNames(struct test *t)
{
	static const struct {
		const char *dest, *hosts, *path; /* hosts NULL: a place here */
	} cases[] = {
	    {"web:/srv/kv", "web", "/srv/kv"},
	    {"ana@web,web2:kv", "ana@web web2", "kv"},
	    {"/srv/a:b", NULL, NULL},
	    {"./a:b", NULL, NULL},
	    {"oci:dir:tag", NULL, NULL},
	    {"host", NULL, NULL},
	    {":x", NULL, NULL},
	    {"web:", NULL, NULL},
	    {"web:oci:dir:tag", "web", "oci:dir:tag"},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct remote r;
		struct str hosts = STR("");

		T_CHECK(t, remote_parse(&a, str_of(cases[i].dest), &r) == (cases[i].hosts != NULL),
			"%s", cases[i].dest);
		if (!cases[i].hosts)
			continue;
		for (size_t k = 0; k < r.hosts.n; k++)
			hosts = str_fmt(&a, "%.*s%s%.*s", STR_ARG(hosts), k ? " " : "",
					STR_ARG(r.hosts.v[k]));
		T_EQ_STR(t, hosts.p, cases[i].hosts);
		T_EQ_STR(t, r.path.p, cases[i].path);
	}
	arena_fini(&a);
}

/* What is demanded is in the journal: a line of it that is damaged is not the end of the demand. */
void TestDeployVerifyKept(struct test *t)
{
#define LINE(id, rest)                                                                             \
	"{\"change\":" id ",\"digest\":\"sha256:" HEX                                              \
	"\",\"do\":\"deploy\",\"record\":\"sha256:" HEX "\",\"to\":" id rest "}\n"
#define HEX	   "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
#define OK(id, by) "{\"change\":" id ",\"end\":\"ok\",\"switched\":true,\"verified\":" by "}\n"
#define KEY	   ",\"verify\":{\"branch\":[\"main\"],\"key\":\"K\"}"
	static const struct {
		const char *journal;
		uint64_t change;
		bool lost;
	} cases[] = {
	    {LINE("1", KEY) OK("1", "1"), 1, false},
	    {LINE("1", KEY) OK("1", "1") LINE("2", "") OK("2", "1"), 1, false},
	    {LINE("1", KEY) OK("1", "1") LINE("2", ",\"verify\":{}") OK("2", "0"), 0, false},
	    /* It failed, or was killed before the switch. */
	    {LINE("1", KEY) "{\"change\":1,\"end\":\"failed\",\"switched\":false}\n", 0, false},
	    {LINE("1",
		  KEY) "{\"change\":1,\"end\":\"interrupted\",\"switched\":true,\"verified\":1}\n",
	     1, false},
	    {LINE("1", KEY), 0, false},
	    {"damaged\n" OK("1", "1"), 0, true},
	    {LINE("1", "") OK("1", "1"), 0, true},
	    {LINE("1", KEY) "damaged\n" LINE("2", "") OK("2", "1"), 0, true},
	    {LINE("1", KEY) OK("1", "1") LINE("2", KEY) "damaged\n" LINE("3", "") OK("3", "2"), 1,
	     true},
	    /* Said anew. */
	    {"damaged\n" OK("1", "1") LINE("2", KEY) OK("2", "2"), 2, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena a = {0};
		struct place p = {.arena = &a, .ops = &place_folder, .dir = STR("nowhere")};

		(void)journal_parse(&p, str_of(cases[i].journal));
		T_CHECK(t,
			p.view.verify_change == cases[i].change &&
			    p.view.verify_lost == cases[i].lost,
			"%zu: %llu %d", i, (unsigned long long)p.view.verify_change,
			p.view.verify_lost);
		T_OK(t, !cases[i].change || cases[i].lost || str_eqc(p.view.verify.pem, "K"));
		arena_fini(&a);
	}
}
