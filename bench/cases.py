"""The cases. Each gives a title, a note and the costs of every lane."""
import os
import shlex
import shutil

from lanes import ROOT, CaseSkipped, planned
from measure import Series, run, settle


def rotated(lanes, i):
	i %= len(lanes)
	return lanes[i:] + lanes[:i]


def measure(bench, lanes, before):
	"""Every lane in every round; before(lane, round) brings its tree into the state to measure, and
	gives the folder to run in. One more round is for peak memory."""
	series = {lane.name: Series() for lane in lanes}
	for i in range(bench.rounds):
		trees = {lane.name: before(lane, i) for lane in lanes}
		settle()
		for lane in rotated(lanes, i):
			series[lane.name].add(lane.run(trees[lane.name]))
	for lane in lanes:
		series[lane.name].peak_mb = lane.peak_mb(before(lane, bench.rounds))
	return series


def built(lanes, size):
	return {lane.name: lane.prepare(size) for lane in lanes}


def last_line(bench):
	with open(bench.log, encoding="utf-8", errors="replace") as f:
		return f.read().strip().split("\n")[-1]


def some_source(tree):
	"""A source of the middle of a generated tree."""
	area = sorted(x for x in os.listdir(os.path.join(tree, "pkg")) if x.startswith("area"))
	folder = os.path.join("pkg", area[len(area) // 2])
	package = sorted(os.listdir(os.path.join(tree, folder)))[0]
	return os.path.join(folder, package, "f03.c")


def append(path, text):
	with open(path, "a", encoding="ascii") as f:
		f.write(text)


def noop(bench, size):
	lanes = bench.all_lanes()
	trees = built(lanes, size)
	return f"No-op, {size} files", "", measure(bench, lanes, lambda lane, i: trees[lane.name])


def unique(path):
	with open(path, encoding="ascii") as f:
		return sum(1 for _ in f)


def alone(bench, tree, source):
	"""A lane that runs only the compiler and the linker: what is left when there is no engine."""
	w = bench.words
	compile_it = [w.cc, *shlex.split(w.cflags), "-MD", "-MF", "out/alone.d", "-c", "-o", "out/alone.o", source]
	link_it = [w.cc, *shlex.split(w.ldflags), "-o", "out/alone", "@out/alone.rsp"]
	objects = [f"out/obj/{s}.o" for s in sources(tree)]

	class Alone:
		name = "(compile + link alone)"

		@staticmethod
		def run(folder):
			with open(os.path.join(folder, "out/alone.rsp"), "w", encoding="ascii") as f:
				f.write("\n".join(objects))
			cost = run(compile_it, folder, bench.env(), bench.log)
			more = run(link_it, folder, bench.env(), bench.log)
			cost.wall_ms += more.wall_ms
			cost.cpu_ms += more.cpu_ms
			return cost

		@staticmethod
		def peak_mb(_):
			return None

	return Alone


def sources(tree):
	found = []
	for folder, _, names in os.walk(tree):
		rel = os.path.relpath(folder, tree)
		if rel.split(os.sep)[0] in ("cmd", "pkg"):
			found += [os.path.join(rel, n) for n in names if n.endswith(".c")]
	return sorted(found)


def one_c(bench, size):
	lanes = bench.all_lanes()
	lanes += [x for x in [bench.bfd_lane()] if x]
	trees = built(lanes, size)
	source = some_source(trees["cbuild"])
	if "ninja" in trees:
		only = alone(bench, trees["ninja"], source)
		trees[only.name] = trees["ninja"]
		lanes.append(only)

	def edit(lane, i):
		tree = trees[lane.name]
		if not lane.name.startswith("("):
			path = os.path.join(tree, source)
			n = unique(path)
			append(path, f"int bench_{n}(void);\nint bench_{n}(void) {{ return {n}; }}\n")
		return tree

	series = measure(bench, lanes, edit)
	note = ""
	if "ninja" in trees:
		note = "Engine's own share (wall less that of the compiler and linker alone in the same round): " + ", ".join(
			f"{n} {series[n].median_over(series[only.name]):.1f} ms" for n in ("cbuild", "ninja")) + "."
	return f"One .c changed, {size} files", note, series


def header(bench, size):
	lanes = bench.all_lanes()
	if size > 2000:
		raise CaseSkipped("the peers compile everything; use a smaller size")
	trees = built(lanes, size)

	def touch(lane, _):
		os.utime(os.path.join(trees[lane.name], "pkg/base/b07.h"))
		return trees[lane.name]

	lanes = [x for x in lanes if x.name in ("cbuild", "ninja")]
	rounds, bench.rounds = bench.rounds, min(bench.rounds, 3)
	try:
		series = measure(bench, lanes, touch)
	finally:
		bench.rounds = rounds
	return f"Header touched, same bytes, {size} files", "", series


def comment(bench, size):
	lanes = bench.all_lanes()
	trees = built(lanes, size)
	source = some_source(trees["cbuild"])

	def edit(lane, _):
		path = os.path.join(trees[lane.name], source)
		append(path, f"/* {unique(path)} */\n")
		return trees[lane.name]

	series = measure(bench, lanes, edit)
	edit(lanes[0], 0)
	lanes[0].run(trees["cbuild"])
	return f"Comment-only edit, {size} files", f"cbuild says: `{last_line(bench)}`", series


def clean(bench, size):
	"""A fresh checkout; both find everything in their caches."""
	lanes = [bench.cbuild_lane(), bench.ccache_lane()]
	built(lanes, size)

	def checkout(lane, _):
		tree = bench.path(str(size), "checkout-" + lane.name.replace(" ", "-"))
		bench.discard(tree)
		lane.generate(tree, size)
		return tree

	for lane in lanes:
		lane.run(checkout(lane, 0))
	series = measure(bench, lanes, checkout)
	return f"Clean checkout, warm cache, {size} files", "", series


def empty_cache(bench, path):
	"""Objects and results go, toolchains stay."""
	for x in ("cas", "ac", "tmp"):
		bench.discard(os.path.join(path, x))


def cold(bench, size):
	if size > 2000:
		raise CaseSkipped("it takes too long; use a smaller size")
	cache = bench.path("cold-cache")
	lanes = [bench.cbuild_lane("cbuild cold", CBUILD_CACHE=cache), bench.ninja_lane()]
	lanes = [x for x in lanes if x]
	if len(lanes) > 1:
		lanes[1].name = "ninja cold"
	for lane in lanes:
		lane.generate(lane.folder(size), size)

	def wipe(lane, _):
		tree = lane.folder(size)
		lane.wipe(tree)
		empty_cache(bench, cache)
		return tree

	rounds, bench.rounds = bench.rounds, min(bench.rounds, 3)
	try:
		series = measure(bench, lanes, wipe)
	finally:
		bench.rounds = rounds
	return f"Cold full build, gcc -O0, {size} files", bound(series), series


def bound(series):
	cores = os.cpu_count()
	return "Wall over all CPU time by cores: " + ", ".join(
		f"{n} {s.median('wall_ms') * cores / s.median('cpu_ms'):.3f}" for n, s in series.items()) + "."


def as_ninja(commands):
	"""A build.ninja of the very commands that cbuild plans."""
	lines = ["ninja_required_version = 1.5", "rule run", "  command = $line", "rule cc",
		"  command = $line", "  depfile = $dep", "  deps = gcc"]
	made = {c.after("-o") for c in commands}
	for c in commands:
		dep, out = c.after("-MF"), c.after("-o")
		inputs = [w for w in c.argv if w in made and w != out] or c.argv[-1:]
		lines.append(f"build {out}: {'cc' if dep else 'run'} {' '.join(inputs)}")
		lines.append("  line = " + c.line.replace("$", "$$"))
		if dep:
			lines.append(f"  dep = {dep}")
	return "\n".join(lines) + "\n"


def same_commands(bench, project, name, **env):
	"""Two cold lanes over copies of a project: cbuild, and ninja with the commands that cbuild plans."""
	if not bench.programs["ninja"]:
		raise CaseSkipped("ninja is needed")
	ours = bench.cbuild_lane(f"cbuild {name}", **env)
	peer = bench.ninja_lane()
	peer.name, peer.clean = f"ninja {name}", ["build/linux-amd64"]
	trees = {}
	for lane in (ours, peer):
		trees[lane.name] = bench.path(lane.name.replace(" ", "-"))
		bench.discard(trees[lane.name])
		shutil.copytree(project, trees[lane.name], symlinks=True,
			ignore=shutil.ignore_patterns("build", "out"))
	commands = planned(bench, trees[peer.name], ours.env)
	with open(os.path.join(trees[peer.name], "build.ninja"), "w", encoding="utf-8") as f:
		f.write(as_ninja(commands))
	return [ours, peer], trees


def cold_pair(bench, project, name, **env):
	cache = bench.path(f"{name}-cache")
	empty_cache(bench, cache)
	lanes, trees = same_commands(bench, project, name, CBUILD_CACHE=cache, **env)

	def wipe(lane, _):
		lane.wipe(trees[lane.name])
		empty_cache(bench, cache)
		return trees[lane.name]

	return measure(bench, lanes, wipe)


def zig(bench, _):
	project = bench.path("zig-project")
	bench.cbuild_lane().generate(project, 100)
	cache = bench.path("zig-cache")
	run([bench.cbuild, "toolchain", "install", "zig"], bench.dir, bench.env(CBUILD_CACHE=cache), bench.log)
	series = cold_pair(bench, project, "zig", CBUILD_TOOLCHAIN="zig")
	return "Cold build with zig, 100 files", bound(series), series


def real(bench, _):
	project = os.path.join(bench.real, REAL)
	if not os.path.isdir(project):
		run([os.path.join(ROOT, "scripts", "projects"), "-u", "-d", bench.real, REAL], ROOT,
			dict(os.environ, CBUILD=bench.cbuild), bench.log)
	series = cold_pair(bench, project, "real")
	return f"Cold build of {REAL}, a Debian source package", bound(series), series


REAL = "redis"  # one of scripts/projects
CASES = {"noop": noop, "one-c": one_c, "header": header, "comment": comment, "clean": clean, "cold": cold,
	"zig": zig, "real": real}
WITHOUT_SIZE = ("zig", "real")
