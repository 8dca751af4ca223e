"""Running commands and what they cost: wall time, CPU time and peak memory of a whole process tree."""
import os
import shlex
import statistics
import subprocess
import time


TIME = "/usr/bin/time"


class Failed(Exception):
	pass


class Cost:
	"""One run: wall and CPU time of the command and all that it waited for."""

	def __init__(self, wall_s, usage):
		self.wall_ms = wall_s * 1000
		self.cpu_ms = (usage.ru_utime + usage.ru_stime) * 1000


def run(argv, cwd, env, log):
	"""Runs argv to its end in folder cwd; what it prints goes to file log."""
	out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
	here = os.open(".", os.O_RDONLY)
	os.chdir(cwd)
	try:
		start = time.perf_counter()
		pid = os.posix_spawnp(argv[0], argv, env,
			file_actions=[(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, out, 2)])
		_, status, usage = os.wait4(pid, 0)
		cost = Cost(time.perf_counter() - start, usage)
	finally:
		os.fchdir(here)
		os.close(here)
		os.close(out)
	if status != 0:
		with open(log, encoding="utf-8", errors="replace") as f:
			raise Failed(f"{shlex.join(argv)} in {cwd}:\n{f.read()[-2000:]}")
	return cost


def peak_mb(argv, cwd, env, log):
	"""Peak memory of the largest process of one more run. GNU time forks it from a small process; a
	child of this one would count what this one holds."""
	if not os.path.exists(TIME):
		return None
	run([TIME, "-f", "%M", "-o", log + ".peak", *argv], cwd, env, log)
	with open(log + ".peak", encoding="ascii") as f:
		return int(f.read().split()[-1]) / 1024


def settle():
	"""Writes dirty pages out, so that one lane does not pay for what another wrote."""
	os.sync()


class Series:
	"""The costs of one lane in one case, over the rounds."""

	def __init__(self):
		self.costs = []
		self.peak_mb = None

	def add(self, cost):
		self.costs.append(cost)

	def median(self, what):
		return statistics.median(getattr(c, what) for c in self.costs)

	def median_over(self, other):
		"""Median of the differences in wall time, round by round."""
		return statistics.median(a.wall_ms - b.wall_ms for a, b in zip(self.costs, other.costs))

	def best(self, what):
		return min(getattr(c, what) for c in self.costs)


def number(x):
	if x >= 1000:
		return f"{x:,.0f}"
	return f"{x:.1f}" if x < 100 else f"{x:.0f}"


def table(series, ours):
	"""Markdown rows; the ratio is to the best peer: the fastest whose name does not start with ours."""
	peers = [s for name, s in series.items() if not name.startswith(ours)]
	rows = ["| | wall ms | least | CPU ms | peak MB | wall to best peer | CPU to best peer |",
		"|---|--:|--:|--:|--:|--:|--:|"]
	for name, s in series.items():
		cells = [name, number(s.median("wall_ms")), number(s.best("wall_ms")),
			number(s.median("cpu_ms")), number(s.peak_mb) if s.peak_mb else ""]
		for what in ("wall_ms", "cpu_ms"):
			best = min((p.median(what) for p in peers), default=0)
			cells.append(f"{s.median(what) / best:.2f}" if best else "")
		rows.append("| " + " | ".join(cells) + " |")
	return "\n".join(rows) + "\n"


def first_line(argv):
	try:
		out = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
	except OSError:
		return ""
	return out.strip().split("\n")[0]


def field(path, name):
	try:
		with open(path, encoding="ascii", errors="replace") as f:
			for line in f:
				if line.startswith(name):
					return line.split(":", 1)[1].strip()
	except OSError:
		pass
	return "unknown"


def machine():
	"""What a reader must know of this machine; no host name and no path."""
	memory = field("/proc/meminfo", "MemTotal")
	return [f"{field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} processors, {memory} of memory",
		f"{os_release()}, Linux {os.uname().release}, {os.uname().machine}",
		f"load average at the start {os.getloadavg()[0]:.1f}"]


def os_release():
	with open("/etc/os-release", encoding="utf-8") as f:
		for line in f:
			if line.startswith("PRETTY_NAME="):
				return line.split("=", 1)[1].strip().strip('"')
	return "unknown system"
