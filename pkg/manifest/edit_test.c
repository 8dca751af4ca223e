/* Edits of `require`: exact bytes before and after, in every spelling; what cannot be edited says
 * so. */
#include <string.h>

#include "cbuild/test.h"
#include "manifest/manifest.h"

#define Z "github.com/madler/zlib"
#define L "github.com/lua/lua"

static const struct {
	const char *name, *before, *path, *version, *after;
} edits[] = {
    {"empty file", "", Z, "v1.3.1", "require:\n  " Z ": v1.3.1\n"},
    {"only comments", "# mine", Z, "v1.3.1", "# mine\nrequire:\n  " Z ": v1.3.1\n"},
    {"below module", "# top\nmodule: example.com/x # id\n\nstd: c17\n", Z, "v1.3.1",
     "# top\nmodule: example.com/x # id\nrequire:\n  " Z ": v1.3.1\n\nstd: c17\n"},
    {"no module, no newline", "std: c17", Z, "v1.3.1", "std: c17\nrequire:\n  " Z ": v1.3.1\n"},
    {"behind a block", "packages:\n  x:\n    sources:\n      - a.c\n# end\n", Z, "v1.3.1",
     "packages:\n  x:\n    sources:\n      - a.c\nrequire:\n  " Z ": v1.3.1\n# end\n"},
    {"empty block", "require: # none yet\nstd: c17\n", Z, "v1.3.1",
     "require: # none yet\n  " Z ": v1.3.1\nstd: c17\n"},
    {"empty block at the end", "require:", Z, "v1.3.1", "require:\n  " Z ": v1.3.1\n"},
    {"null", "require: ~ # none\n", Z, "v1.3.1", "require: {" Z ": v1.3.1} # none\n"},
    {"empty brackets", "require: {} # none\n", Z, "v1.3.1", "require: {" Z ": v1.3.1} # none\n"},
    {"block add", "require:\n    " L ": v5.4.6  # lua\n    # last\nstd: c17\n", Z, "v1.3.1",
     "require:\n    " L ": v5.4.6  # lua\n    " Z ": v1.3.1\n    # last\nstd: c17\n"},
    {"block change", "require:\n  " L ": v5.4.6  # lua\n  " Z ":   v1.3.0   # z\n", Z, "v1.3.1",
     "require:\n  " L ": v5.4.6  # lua\n  " Z ":   v1.3.1   # z\n"},
    {"quotes stay", "require:\n  '" L "': \"v5.4.6\" # lua\n", L, "v5.4.7",
     "require:\n  '" L "': \"v5.4.7\" # lua\n"},
    {"single quotes stay", "require: {\"" L "\": 'v5.4.6'}\n", L, "v5.4.7",
     "require: {\"" L "\": 'v5.4.7'}\n"},
    {"same", "require:\n  " Z ": v1.3.1\n", Z, "v1.3.1", "require:\n  " Z ": v1.3.1\n"},
    {"block remove", "require:\n  # lua\n  " L ": v5.4.6 # old\n  " Z ": v1.3.1\n", L, "",
     "require:\n  # lua\n  " Z ": v1.3.1\n"},
    {"block remove last", "module: example.com/x\nrequire:\n  " Z ": v1.3.1\nstd: c17\n", Z, "",
     "module: example.com/x\nstd: c17\n"},
    {"block remove last, comment", "require:\n  # keep\n  " Z ": v1.3.1\n", Z, "",
     "require:\n  # keep\n"},
    {"absent", "require:\n  " L ": v5.4.6\n", Z, "", "require:\n  " L ": v5.4.6\n"},
    {"no require", "std: c17", Z, "", "std: c17"},
    {"flow add", "require: {" L ": v5.4.6, }\n", Z, "v1.3.1",
     "require: {" L ": v5.4.6, " Z ": v1.3.1, }\n"},
    {"flow remove first", "require: {" L ": v5.4.6, " Z ": v1.3.1}\n", L, "",
     "require: {" Z ": v1.3.1}\n"},
    {"flow remove second", "require: {" L ": v5.4.6, " Z ": v1.3.1}\n", Z, "",
     "require: {" L ": v5.4.6}\n"},
    {"flow remove only", "require: { " Z ": v1.3.1, }\n", Z, "", "require: { }\n"},
    {"flow lines", "require: {\n  " L ": v5.4.6, # lua\n  " Z ": v1.3.1, # z\n}\n", L, "",
     "require: {\n  # lua\n  " Z ": v1.3.1, # z\n}\n"},
    {"flow line goes", "require: {\n  " L ": v5.4.6,\n  " Z ": v1.3.1,\n}\n", L, "",
     "require: {\n  " Z ": v1.3.1,\n}\n"},
    {"flow comment stays", "require: {\n  " L ": v5.4.6, # lua\n  " Z ": v1.3.1\n}\n", Z, "",
     "require: {\n  " L ": v5.4.6, # lua\n}\n"},
    {"flow root", "{module: example.com/x}\n", Z, "v1.3.1",
     "{module: example.com/x, require: {" Z ": v1.3.1}}\n"},
    {"flow root, null", "{require: , std: c17}\n", Z, "v1.3.1",
     "{require: {" Z ": v1.3.1}, std: c17}\n"},
    {"value missing", "require:\n  " Z ": # later\n", Z, "v1.3.1",
     "require:\n  " Z ": v1.3.1 # later\n"},
    {"explicit keys", "require:\n  ? " Z "\n  : v1.0.0\n  ? " L "\n  : v5.4.6\n", Z, "",
     "require:\n  ? " L "\n  : v5.4.6\n"},
    {"CRLF", "module: example.com/x\r\nstd: c17\r\n", Z, "v1.3.1",
     "module: example.com/x\r\nrequire:\r\n  " Z ": v1.3.1\r\nstd: c17\r\n"},
    {"CRLF add", "require:\r\n  " L ": v5.4.6\r\n", Z, "v1.3.1",
     "require:\r\n  " L ": v5.4.6\r\n  " Z ": v1.3.1\r\n"},
    {"CRLF remove", "require:\r\n  " L ": v5.4.6\r\n  " Z ": v1.3.1\r\n", L, "",
     "require:\r\n  " Z ": v1.3.1\r\n"},
    {"indented", "  module: example.com/x\n", Z, "v1.3.1",
     "  module: example.com/x\n  require:\n    " Z ": v1.3.1\n"},
    {"UTF-8 before", "# \xe2\x82\xac\nrequire: {" Z ": v1.3.0} # \xc3\xa9\n", Z, "v1.3.1",
     "# \xe2\x82\xac\nrequire: {" Z ": v1.3.1} # \xc3\xa9\n"},
    {"map", "require: {" Z ": {version: v1.3.0, private: true}} # z\n", Z, "v1.3.1",
     "require: {" Z ": {version: v1.3.1, private: true}} # z\n"},
    {"map in a block", "require:\n  " Z ":\n    private: true\n    version: 'v1.3.0' # z\n", Z,
     "v1.3.1", "require:\n  " Z ":\n    private: true\n    version: 'v1.3.1' # z\n"},
    {"map remove", "require:\n  " Z ":\n    version: v1.3.0\n  " L ": v5.4.6\n", Z, "",
     "require:\n  " L ": v5.4.6\n"},
    {"add beside a map", "require:\n  " Z ": {version: v1.3.0}\n", L, "v5.4.6",
     "require:\n  " Z ": {version: v1.3.0}\n  " L ": v5.4.6\n"},
    {"document marks", "---\nmodule: example.com/x\n...\n", Z, "v1.3.1",
     "---\nmodule: example.com/x\nrequire:\n  " Z ": v1.3.1\n...\n"},
};

void TestEditRequire(struct test *t)
{
	for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		struct arena a = {0};
		struct err e = {0};
		struct str out = {0};

		if (!manifest_edit_require(&a, STR("cbuild.yaml"), str_of(edits[i].before),
					   str_of(edits[i].path), str_of(edits[i].version), &out,
					   &e))
			out = str_of(e.msg);
		test_log(t, "%s", edits[i].name);
		T_EQ_MEM(t, out.p, out.n, edits[i].after, strlen(edits[i].after));
		arena_fini(&a);
	}
}

void TestEditRequireRefused(struct test *t)
{
	static const struct {
		const char *before, *path, *version, *want;
	} cases[] = {
	    {"", "zlib", "v1.0.0", "malformed module path 'zlib'"},
	    {"", Z, "1.0.0", "malformed version '1.0.0'"},
	    {"require: [a]\n", Z, "v1.0.0", "'require' must be a map, not a list"},
	    {"- a\n", Z, "v1.0.0", "a manifest is a map, not a list"},
	    {"require: [a\n", Z, "v1.0.0", "did not find expected ',' or ']'"},
	    {"require:\n  ? " Z "\n  : v1.0.0\n", L, "v5.4.6",
	     "'require' is written in a way that cannot be edited"},
	    {"require:\n  " Z ": |\n    v1.0.0", L, "v5.4.6",
	     "'require' is written in a way that cannot be edited"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena a = {0};
		struct err e = {0};
		struct str out;

		T_CHECK(t,
			!manifest_edit_require(&a, STR("cbuild.yaml"), str_of(cases[i].before),
					       str_of(cases[i].path), str_of(cases[i].version),
					       &out, &e),
			"%s", cases[i].before);
		T_EQ_STR(t, e.msg, cases[i].want);
		T_EQ_INT(t, e.code, ERR_INPUT);
		T_CHECK(t, e.fix[0], "%s", cases[i].want);
		arena_fini(&a);
	}
}
