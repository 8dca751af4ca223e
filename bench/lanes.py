"""Lanes: one build program each, with a tree of its own and an environment of its own."""
import os
import re
import shlex
import shutil
import subprocess
import sys

from measure import Failed, first_line, peak_mb, run

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
MASQUERADE = "/usr/lib/ccache"  # Debian's folder of links gcc -> ccache


class CaseSkipped(Exception):
	pass


def say(text):
	print(f"bench: {text}", file=sys.stderr, flush=True)


class Command:
	"""A line of `cbuild build -n`: variables, then words."""

	def __init__(self, line):
		words = shlex.split(line)
		n = 0
		while "=" in words[n] and not words[n].startswith(("/", "-")):
			n += 1
		self.line, self.env, self.argv = line, words[:n], words[n:]

	def after(self, flag):
		return self.argv[self.argv.index(flag) + 1] if flag in self.argv else None


TEXT = re.compile(r"^(?:mkdir -p \S+ && )?(printf %s '(?:[^']|'\\'')*') >(\S+)$", re.M)


class Text:
	"""A file that cbuild writes itself, and a peer copies."""

	def __init__(self, tree, number, found):
		self.out, self.argv = found[2], []
		self.line = f"cp texts/{number} {self.out}"
		os.makedirs(os.path.join(tree, "texts"), exist_ok=True)
		with open(os.path.join(tree, "texts", str(number)), "wb") as f:
			subprocess.run(["sh", "-c", found[1]], stdout=f, check=True)

	def after(self, flag):
		return self.out if flag == "-o" else None


def planned(bench, tree, env):
	"""The commands that cbuild would run in a tree, none of them looked up in a cache that has them."""
	out = subprocess.run([bench.cbuild, "build", "-n"], cwd=tree, env=env, text=True,
		capture_output=True, check=False)
	if out.returncode != 0:
		raise Failed(f"cbuild build -n in {tree}:\n{out.stderr}")
	told = out.stdout + out.stderr
	texts = [Text(tree, i, m) for i, m in enumerate(TEXT.finditer(told))]
	lines = TEXT.sub("", told).split("\n")
	lines = [x.split(" && ", 1)[1] if x.startswith("mkdir -p ") else x for x in lines]
	return texts + [Command(x) for x in lines if "=" in x.split(" ")[0]]


class Words:
	"""The compiler and words that cbuild uses here, for the peers: taken from its dry run."""

	def __init__(self, bench):
		tree, env = bench.path("words"), bench.env(CBUILD_CACHE=bench.path("words-cache"))
		subprocess.run([os.path.join(HERE, "gen"), "1", tree], check=True)
		commands = [c for c in planned(bench, tree, env) if c.argv]
		compiles = [c for c in commands if "-MD" in c.argv]
		links = [c for c in commands if "-c" not in c.argv]
		if not compiles or not links:
			raise Failed("cbuild build -n shows no compile and link; is its cache fresh?")
		argv = compiles[0].argv
		self.cc = os.path.basename(argv[0])
		self.cflags = shlex.join(argv[1:argv.index("-MD")])
		self.ldflags = shlex.join(links[0].argv[1:links[0].argv.index("-o")])


class Lane:
	def __init__(self, bench, name, argv, clean, gen_cc=None, **env):
		self.bench, self.name, self.argv, self.clean = bench, name, argv, clean
		self.gen_cc = gen_cc or bench.words.cc
		self.ldflags = bench.words.ldflags
		self.env = bench.env(**env)

	def folder(self, size):
		return self.bench.path(str(size), self.name.replace(" ", "-"))

	def run(self, tree):
		return run(self.argv, tree, self.env, self.bench.log)

	def peak_mb(self, tree):
		return peak_mb(self.argv, tree, self.env, self.bench.log)

	def generate(self, tree, size):
		functions = self.bench.functions(size)
		run([os.path.join(HERE, "gen"), "--functions", str(functions), "--cc", self.gen_cc,
			"--cflags", self.bench.words.cflags, "--ldflags", self.ldflags,
			str(size), tree], self.bench.dir, self.env, self.bench.log)

	def prepare(self, size):
		"""A tree that is built, made once. Peers may take objects from ccache for this, as no case does."""
		tree = self.folder(size)
		stamp = tree + ".built"
		if not os.path.exists(stamp):
			say(f"building the tree of {size} for {self.name}")
			self.generate(tree, size)
			env = dict(self.env)
			if self.bench.ccache and os.path.isdir(MASQUERADE):
				env["PATH"] = MASQUERADE + ":" + env["PATH"]
				env["CCACHE_PATH"] = "/usr/bin"
			run(self.argv, tree, env, self.bench.log)
			with open(stamp, "w", encoding="ascii"):
				pass
		self.run(tree)
		return tree

	def wipe(self, tree):
		for x in self.clean:
			self.bench.discard(os.path.join(tree, x))


class Bench:
	def __init__(self):
		get = os.environ.get
		self.dir = os.path.abspath(get("BENCH_DIR", os.path.join(ROOT, "build", "bench")))
		self.rounds = int(get("BENCH_ROUNDS", "5"))
		self.real = self.path("real")
		os.makedirs(self.dir, exist_ok=True)
		self.log = self.path(f"log.{os.getpid()}")
		self.wanted = get("BENCH_LANES", "").split(",") if get("BENCH_LANES") else []
		self.cbuild = os.path.abspath(get("CBUILD", os.path.join(ROOT, "build", "bin", "cbuild")))
		self.programs = {
			"ninja": shutil.which(get("NINJA", "ninja")),
			"ninja git": shutil.which(get("NINJA_GIT", "ninja-git")),
			"samurai": shutil.which(get("SAMU", "samu")),
			"make": shutil.which("make"),
		}
		self.ccache = shutil.which(get("CCACHE", "ccache"))
		if not os.access(self.cbuild, os.X_OK):
			raise Failed(f"{self.cbuild} is no program\nfix: run make, or set CBUILD")
		for name in [n for n, p in self.programs.items() if not p]:
			say(f"{name} is not installed and is left out")
		self.words = Words(self)

	def path(self, *names):
		return os.path.join(self.dir, *names)

	def discard(self, path):
		"""Moves it out of the way: files that were just removed make new ones dear on ext4."""
		trash = self.path("trash")
		os.makedirs(trash, exist_ok=True)
		if os.path.lexists(path):
			os.rename(path, os.path.join(trash, f"{os.getpid()}-{len(os.listdir(trash))}"))

	def empty_trash(self):
		shutil.rmtree(self.path("trash"), ignore_errors=True)

	def env(self, **more):
		e = {k: os.environ[k] for k in ("PATH", "HOME", "TMPDIR", "LANG") if k in os.environ}
		e.update(LC_ALL="C", CBUILD_CACHE=self.path("cbuild-cache"), CBUILD_TOOLCHAIN="gcc",
			CCACHE_DIR=self.path("ccache"), CCACHE_NOHASHDIR="1", CCACHE_MAXSIZE="50G")
		e.update(more)
		return e

	def functions(self, size):
		"""Large trees have small sources: what is measured there does not compile."""
		return 10 if size <= 2000 else 1

	def versions(self):
		v = [first_line([self.cbuild, "version"]) or "cbuild"]
		v.append(first_line([self.words.cc, "--version"]))
		for name, path in self.programs.items():
			if path:
				out = first_line([path, "--version"])
				v.append(out if name == "make" else f"{name} {out}")
		if self.ccache:
			v.append(first_line([self.ccache, "--version"]))
		return v

	def cbuild_lane(self, name="cbuild", **env):
		return Lane(self, name, [self.cbuild, "build"], ["build"], **env)

	def ninja_lane(self, name="ninja"):
		if not self.programs[name]:
			return None
		return Lane(self, name, [self.programs[name]], ["out"])

	def bfd_lane(self):
		"""ninja with GNU ld, as most projects link where nobody chose a linker."""
		lane = self.ninja_lane()
		if not lane or "bfd" in lane.ldflags:
			return None
		lane.name, lane.ldflags = "ninja bfd", lane.ldflags + " -fuse-ld=bfd"
		return lane

	def make_lane(self, *words):
		jobs = f"-j{os.cpu_count()}"
		return Lane(self, " ".join(["make", *words]), [self.programs["make"], jobs, *words], ["out"])

	def ccache_lane(self):
		if not self.ccache or not self.programs["ninja"]:
			raise CaseSkipped("ninja and ccache are needed")
		return Lane(self, "ninja ccache", [self.programs["ninja"]], ["out"],
			gen_cc=f"{self.ccache} {self.words.cc}")

	def all_lanes(self):
		lanes = [self.cbuild_lane()] + [self.ninja_lane(n) for n in ("ninja", "ninja git", "samurai")]
		if self.programs["make"]:
			lanes += [self.make_lane(), self.make_lane("-rR")]
		return [x for x in lanes if x and (not self.wanted or x.name in self.wanted)]
