#include <errno.h>
#include <stdio.h>

#include "load/fixture_test.h"
#include "sys/fault.h"

/* A look at the tree that fails is no look at a smaller tree: all is seen, or the load fails and says why. */
void TestLoadUnseen(struct test *t)
{
	enum { POINTS_MAX = 200 };
	struct fixture f;
	size_t failed = 0, n = 0;
	bool passed = false;

	while (!passed && n++ < POINTS_MAX) {
		char spec[32];

		begin(t, &f);
		put(t, &f, "cmd/shop/main.c",
		    "#include \"log/log.h\"\n#include <deep.h>\nint main(void) { return log_it(); "
		    "}\n");
		put(t, &f, "pkg/log/log.h",
		    "#ifdef MORE\n#include \"more.h\"\n#endif\nint log_it(void);\n");
		put(t, &f, "pkg/log/more.h", "\n");
		put(t, &f, "pkg/log/log.c", "int log_it(void) { return 0; }\n");
		put(t, &f, "include/deep.h", "\n");
		add_module(t, &f, "", ".", "");
		snprintf(spec, sizeof spec, "open:%zu:%s", n, n % 2 ? "EIO" : "EACCES");
		fault_set(spec);
		if (load(t, &f)) {
			T_EQ_STR(t, imports(&f, "cmd/shop"), "pkg/log");
			T_EQ_STR(t, reads(&f, "cmd/shop"),
				 "include/deep.h pkg/log/log.h pkg/log/more.h");
			T_EQ_INT(t, f.set.denied.n, 0);
			passed = fault_passed() < n;
		} else {
			T_EQ_INT(t, f.e.os_errno, n % 2 ? EIO : EACCES);
			failed++;
		}
		fault_set(NULL);
		arena_fini(&f.a);
	}
	T_OK(t, passed);
	T_OK(t, failed > 6);
}
