/*
 * The verb table: dispatch, `cbuild help` and the man pages come from it.
 */
#include "cmd.h"

#define BUILD_HELP                                                                                 \
	"  --target OS/ARCH   linux/amd64, linux/arm64, linux/arm/v7, ...; repeatable, or 'all': " \
	"the\n"                                                                                    \
	"                     manifest's targets, or these, 386, arm/v6 and riscv64 when it "      \
	"names none.\n"                                                                            \
	"                     Default: this machine's\n"                                           \
	"  --profile NAME     dev (default), release, or one of the manifest's\n"                  \
	"  -j N               at most N actions at once\n"                                         \
	"  -k                 go on after a failure with what does not depend on it\n"             \
	"  -n                 show the commands that would run, run nothing\n"                     \
	"  -x                 show commands as they run\n"                                         \
	"  --explain          say in one line why each action runs\n"                              \
	"  --trace FILE       write what happened when, for ui.perfetto.dev\n"                     \
	"  --no-cache         run every action, whatever the cache holds\n"

const struct verb verbs[] = {
    {"build", "[-o PATH] [options] [patterns]", "compile packages and link programs",
     "Patterns are folders from where you stand (., ./cmd/..., ../pkg/log), packages as `cbuild "
     "list`\n"
     "names them (pkg/log, cmd/...) or programs' names; ./... is the default. Programs are put "
     "at\n"
     "build/OS-ARCH/bin/NAME. CFLAGS and LDFLAGS are added behind the project's own flags.\n\n"
     "  -o PATH            put the one program at PATH (or all below the folder "
     "PATH/);\n"
     "                     /dev/null keeps none\n" BUILD_HELP,
     verb_build},
    {"run", "[options] [program] [args]", "build a program and run it",
     "Everything behind the program's name is passed to it; -- in its place stands for the only "
     "program.\n"
     "With --target of another architecture it runs under qemu-user.\n\n" BUILD_HELP,
     verb_run},
    {"test", "[options] [patterns]", "build and run tests",
     "A test is a function void TestXxx(struct test *t) in a *_test.c file that includes\n"
     "\"cbuild/test.h\". Each runs in a process of its own, in its package's folder.\n"
     "A test program that passed is not run again while it and what it may see of the project and "
     "the\n"
     "environment are as they were: (cached).\n\n"
     "  --run RE           only tests whose names match the regular expression\n"
     "  -v                 show every test and its log\n"
     "  --count N          run each N times; 1 runs also what is known to pass\n"
     "  --timeout SECONDS  for one test; 60 is the default\n" BUILD_HELP,
     verb_test},
    {"image", "[program] [options]", "pack a program as a minimal OCI image",
     "The image is built from nothing but the static program and what the manifest's image: asks "
     "for.\n"
     "Its digest is printed.\n\n"
     "  --tag NAME         name in the layout; 'latest' is the default\n"
     "  -o PATH            an OCI layout folder, or a file when PATH ends in .tar;\n"
     "                     build/image/PROGRAM is the default\n"
     "  --load             load it into podman or docker on this machine\n" BUILD_HELP,
     verb_image},
    {"deploy", "DEST [options] [program...]", "put a release in place and switch to it",
     "DEST is a folder, whose link `current` then names the release, or oci:LAYOUT:TAG, or "
     "HOST:FOLDER or\n"
     "HOST,HOST:FOLDER, reached by ssh, one after the other up to the first that fails. Without\n"
     "--release the programs are built for this machine (for a layout: as an image).\n"
     "After the switch the service is reloaded and checked as the manifest's deploy: says; when "
     "that\n"
     "fails, all is switched back, and this release is refused from then on.\n\n"
     "  --release WHAT     a folder, a program, a tar or zip, or oci:LAYOUT:TAG, instead of a "
     "build\n"
     "  --strip N          drop N leading parts of the archive's paths\n"
     "  --release-version TEXT\n"
     "                     noted in the history\n"
     "  --policy FILE      the manifest whose deploy: holds; with --release, else that of the "
     "release\n"
     "                     that is replaced\n"
     "  --statement FILE   the release's signed statement; RELEASE.intoto.jsonl is the default\n"
     "  --change-verify    the place demands what the manifest's verify: says, instead of what it "
     "kept\n"
     "  --keep N           good releases that stay; 5 is the default\n"
     "  --health URL       or HOST:PORT, or none: checked after the switch\n"
     "  --proof HOW        process (default), answer or none: that this release answers\n"
     "  --signal NAME      HUP, TERM, ...: sent to the processes of the release before\n"
     "  --canary           run and check the manifest's canary: before the switch\n"
     "  --no-check         only switch\n"
     "  --force DIGEST     take a release that failed before\n"
     "  --no-wait          fail when another command is at work there\n"
     "  --all-or-none      when a host fails, roll those before it back\n"
     "  --systemd DIR --run PROGRAM [--run ARGUMENT]... [--listen PORT]\n"
     "                     write a hardened PROGRAM.service there first, and "
     "PROGRAM.socket\n" BUILD_HELP,
     verb_deploy},
    {"sign", "RELEASE [options]", "state where a release comes from, and sign that",
     "RELEASE is what deploy's --release takes. The statement (in-toto, SLSA provenance v1, DSSE) "
     "names "
     "its\n"
     "digest and what is said below, and lies beside it from then on.\n\n"
     "  --key FILE         a private key: ECDSA P-256, PEM, without a password\n"
     "  --signature FILE   instead: what another tool made of --print to-sign, DER or base64\n"
     "  --print WHAT       to-sign, predicate or subject: for other tools; nothing is written\n"
     "  --builder ID       who built it, a URL mostly\n"
     "  --module PATH      cbuild.yaml's here is the default\n"
     "  --repository URL   --branch NAME (or refs/...)   --revision COMMIT\n"
     "                     from what it was built\n"
     "  --strip N          as the deploy will\n"
     "  -o FILE            instead of beside the release\n",
     verb_sign},
    {"rollback", "DEST [GENERATION]", "switch back to an earlier release",
     "To what was current before, or to a generation of `cbuild history`. Its files are hashed "
     "first, its\n"
     "own reload and check run after the switch. Needs no compiler, manifest or network.\n\n"
     "  --no-check         only switch\n"
     "  --force DIGEST     take a release that failed before\n"
     "  --no-wait          fail when another command is at work there\n",
     verb_rollback},
    {"history", "DEST", "list what was deployed, and how it went", "  --json    one object\n",
     verb_history},
    {"status", "DEST", "show what is current, and verify it", "  --json    one object\n",
     verb_status},
    {"gc", "DEST", "remove old releases",
     "The current one, the one before it, pinned ones and the last good ones stay.\n\n"
     "  --keep N           good releases that stay\n"
     "  --no-wait          fail when another command is at work there\n",
     verb_gc},
    {"pin", "DEST GENERATION", "keep a release from being removed",
     "  --off              no longer\n"
     "  --no-wait          fail when another command is at work there\n",
     verb_pin},
    {"get", "[-u|--ports] MODULE[@QUERY]...", "add, upgrade, downgrade or remove required modules",
     "QUERY is v1.2.3; v1 or v1.2 (the greatest such); '<v2', '<=v1.9.0', '>v1.2.3', '>=v1.2' "
     "(the\n"
     "nearest); latest; upgrade (the default: latest, but nothing is lowered); patch; none; or a "
     "branch,\n"
     "tag or commit (HEAD too), which becomes a pseudo-version. Modules that need more than is "
     "asked for are "
     "lowered\n"
     "or removed. cbuild.yaml keeps its comments and order; cbuild.sum is written.\n\n"
     "  -u                 upgrade every module that is reached\n"
     "  --upgrade patch    the same within minor versions\n"
     "  --ports            port repositories: modules whose ports/ describe modules without a "
     "cbuild.yaml\n",
     verb_get},
    {"mod", "init|tidy|download|verify|vendor|graph|why|edit|outdated|proxy", "maintain modules",
     "  init PATH  write cbuild.yaml\n"
     "  tidy       require what sources include and nothing provides, drop what nothing includes,\n"
     "             write cbuild.sum; --diff shows that and writes nothing in the project, which "
     "may\n"
     "             be read-only (status 1 if it is not tidy)\n"
     "  download   fetch the build list into the cache\n"
     "  verify     hash the modules in the cache and compare with cbuild.sum\n"
     "  vendor     copy the build list to vendor/, which builds then use while it fits\n"
     "  graph      print who requires whom, of all versions that are reached\n"
     "  why PATH...  the shortest chain of requirements to a module\n"
     "  outdated   what newer versions there are, and what was retracted\n"
     "  edit       --require, --droprequire PATH@VERSION; --replace OLD[@VERSION]=NEW[@VERSION],\n"
     "             --dropreplace OLD[@VERSION]; --exclude, --dropexclude PATH@VERSION (dropping\n"
     "             takes PATH alone, too);\n"
     "             --retract VERSION[..VERSION][=REASON], --dropretract VERSION[..VERSION]; "
     "\n"
     "             --ports, --dropports PATH@VERSION; --json\n"
     "  proxy DIR            write the modules of cbuild.sum to a folder for "
     "CBUILD_PROXY=file://DIR\n"
     "  proxy --listen ADDR  serve the module cache by HTTP, for CBUILD_PROXY=http://ADDR\n\n"
     "--mod=readonly|mod|vendor with any command (or CBUILD_MOD): look at no vendor/, add missing "
     "lines\n"
     "to cbuild.sum, use vendor/ alone. By default vendor/ is used when it is there, else "
     "readonly.\n",
     verb_mod},
    {"work", "init|use|sync [FOLDER...]", "work on several modules at once",
     "  init [FOLDER...]  write cbuild.work here\n"
     "  use FOLDER...     add modules to it\n"
     "  sync              raise what members require to what is selected for all of them\n\n"
     "A member of the nearest cbuild.work at or above the project is taken from its folder "
     "whatever "
     "version\n"
     "is required, and versions are selected for all members together. CBUILD_WORK=off ignores "
     "it.\n",
     verb_work},
    {"list", "[patterns]", "list packages and programs",
     "  -m        list modules instead; -m -u: with newer versions and retractions\n"
     "  --options list modules with their options: value, choices, and who set it\n"
     "  --target OS/ARCH\n"
     "  --json    one object a line\n",
     verb_list},
    {"graph", "[--dot|--svg] [patterns]", "show which package imports which",
     "One line a package: its name, then what it imports. Patterns choose packages; what they "
     "import comes\n"
     "with them. Required modules appear under their path.\n\n"
     "  --dot             for Graphviz\n"
     "  --svg             a drawing, importers above what they import\n"
     "  --tests           count the tests' imports too\n"
     "  --target OS/ARCH\n"
     "  --json            one object a line\n",
     verb_graph},
    {"why", "A B", "explain why package A needs package B",
     "Prints the shortest chain of imports from A to B, and for each step the includes that cause "
     "it.\n"
     "A and B are packages (pkg/log), programs' names or modules' paths.\n\n"
     "  --tests           count the tests' imports too\n"
     "  --target OS/ARCH\n"
     "  --json            one object a line\n",
     verb_why},
    {"toolchain", "list|install NAME|use NAME|env", "show, install and choose compilers",
     "  list              what is here and what it can build\n"
     "  install NAME      zig or clang-musl, into the cache; NAME@VERSION for a known version\n"
     "  use NAME          prefer it; `use` alone forgets\n"
     "  env [--target T]  the commands that compile and link for a target\n",
     verb_toolchain},
    {"cache", "stat|verify|trim|clean", "look after the cache",
     "  stat              what it holds, and what is below it\n"
     "  verify            read everything, remove what is damaged\n"
     "  trim [--max-age DAYS] [--max-size MB]\n"
     "                    remove what was not used for 30 days, then the oldest above 10000 MB;\n"
     "                    done once a day by itself, unless CBUILD_CACHE_TRIM=off\n"
     "  clean             remove blobs and results (modules and toolchains stay)\n"
     "\nCBUILD_CACHE names its folder. CBUILD_CACHE_RO=DIR[:DIR...] names other caches to look in, "
     "which\n"
     "are only read: one that CI restored, a shared mount, another user's whose builds you "
     "trust.\n",
     verb_cache},
    {"clean", "", "remove the build folder", "The cache stays: the next build is quick.\n",
     verb_clean},
    {"env", "[NAME]", "print the settings in force", "", verb_env},
    {"version", "[-m FILE...]", "print cbuild's version, or what programs are made of",
     "With -m: the modules linked into each program, with version, licence, sum, source and tag,\n"
     "as the program's section .note.package has them.\n\n"
     "  --json    one object a file\n",
     verb_version},
    {"help", "[command]", "describe a command", "", verb_help},
    {0},
};

const struct verb *verb_find(struct str name)
{
	for (const struct verb *v = verbs; v->name; v++)
		if (str_eqc(name, v->name))
			return v;
	return NULL;
}
