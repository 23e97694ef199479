#!/usr/bin/env python3
"""Compares the runtime with Go's and tokio's: `run.py [--rounds N] [--workers 1,2] [NAME …]`.

Builds the same programs for each, runs them in turn (a disturbance meets all of them), and prints medians as a table: wall
time, the process's processor time (the fairer of the two on a machine with other work), and Kōdo's processor time over each
peer's (wall time for `select`, which fills its channels before it is timed). A
peer whose compiler is missing is left out. `KODOC` names another compiler than target/release/kodoc.
"""
import argparse, os, platform, resource, shutil, statistics, subprocess, sys, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "target" / "bench-rt"
TIMED = ["spawn", "spawn_await", "skynet", "ping_pong", "ring", "fan_in_unbounded", "fan_in_bounded", "fork_join", "select"]
PARKED = 100_000
LIMIT = 60  # seconds for one run


def build(names):
    """Command lines by peer: a function of the benchmark's name and the number of workers, to arguments and environment."""
    OUT.mkdir(parents=True, exist_ok=True)
    kodoc = os.environ.get("KODOC", ROOT / "target/release/kodoc")
    for name in names:
        subprocess.run([kodoc, "build", "-O2", HERE / f"kodo/{name}.ko", "-o", OUT / name], check=True)
    peers = {"kodo": lambda name, workers: ([OUT / name], {"KODO_THREADS": str(workers)})}
    if shutil.which("go"):
        env = os.environ | {"CGO_ENABLED": "0"}
        subprocess.run(["go", "build", "-o", OUT / "go-peer", "."], cwd=HERE / "go", env=env, check=True)
        peers["go"] = lambda name, workers: ([OUT / "go-peer", name], {"GOMAXPROCS": str(workers)})
    cargo = ["cargo", "build", "-q", "--release", "--target-dir", OUT / "tokio"]
    if subprocess.run(cargo, cwd=HERE / "tokio").returncode == 0:
        tokio = OUT / "tokio/release/tokio-peer"
        peers["tokio"] = lambda name, workers: ([tokio, name, str(workers)], {})
    return peers


def run(command, env):
    """Wall and processor nanoseconds, and the check sum; None if it failed or took too long."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        out = subprocess.run(command, env=os.environ | env, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if out.returncode != 0:
        return None
    wall, total = out.stdout.split()
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9
    return int(wall), cpu, total


def resident(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def parked(command, env):
    """Resident bytes for each of the parked threads; page tables, which the kernel keeps, are not in it."""
    child = subprocess.Popen(command, env=os.environ | env, stdout=subprocess.DEVNULL)
    # Looks all the time, and takes an early sample and the largest.
    samples = []
    while child.poll() is None and len(samples) < LIMIT * 200:
        try:
            samples.append(resident(child.pid))
        except (OSError, IndexError):
            break
        time.sleep(0.005)
    child.kill()
    child.wait()
    # The program sleeps for 200 ms before the first thread: the tenth sample is of then.
    return (max(samples) - samples[min(10, len(samples) - 1)]) / PARKED if samples else None


def machine():
    model = [l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")]
    load = os.getloadavg()[0]
    return f"{model[0] if model else platform.machine()}, {os.cpu_count()} processors, Linux {platform.release()}, load {load:.1f}"


def cell(times):
    return f"{statistics.median(times) / 1e6:.0f}" if times else "failed"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("names", nargs="*", default=[])
    args = parser.parse_args()
    names = args.names or TIMED + ["parked"]
    peers = build(names)
    print(machine(), flush=True)
    head = [f"{p} wall" for p in peers] + [f"{p} CPU" for p in peers] + [f"kodo/{p}" for p in peers if p != "kodo"]
    print(f"\n| benchmark (ms) | workers | {' | '.join(head)} |\n|---|---|{'---|' * len(head)}", flush=True)
    for name in [n for n in names if n != "parked"]:
        for workers in map(int, args.workers.split(",")):
            walls, cpus, totals = {p: [] for p in peers}, {p: [] for p in peers}, set()
            for _ in range(args.rounds):
                for peer, command in peers.items():
                    if result := run(*command(name, workers)):
                        walls[peer].append(result[0])
                        cpus[peer].append(result[1])
                        totals.add(result[2])
            if len(totals) > 1:
                sys.exit(f"{name}: different results: {totals}")
            # Processor time is the whole process's; filling the channels of `select` is not to be compared.
            by = walls if name == "select" else cpus
            mid = {p: statistics.median(t) if t else None for p, t in by.items()}
            ratios = [f"{mid['kodo'] / mid[p]:.2f}" if mid["kodo"] and mid[p] else "" for p in peers if p != "kodo"]
            row = [cell(walls[p]) for p in peers] + [cell(cpus[p]) for p in peers] + ratios
            print(f"| {name} | {workers} | {' | '.join(row)} |", flush=True)
    if "parked" in names:
        for peer, command in peers.items():
            arguments, environment = command("parked", 2)
            size = parked([*arguments, str(PARKED)], environment)
            print(f"\nparked, {PARKED} threads: {peer} {size:.0f} bytes each" if size else f"\nparked: {peer} failed", flush=True)


if __name__ == "__main__":
    main()
