"""Measuring: load on the server by wrk, load on PostgreSQL by pgbench, and what the processes use meanwhile."""

import glob
import json
import os
import pathlib
import re
import resource
import subprocess
import threading
import time

import postgres

LUA = pathlib.Path(__file__).parent / "load.lua"
# Load generators run on this many threads; of pgbench's transactions this part is kept for its percentiles.
THREADS = 2
SAMPLED = 0.2
# pgbench acts as what phr acts as; all else is as PostgreSQL has it.
PGOPTIONS = "-c role=phr_server -c phr.institution=all"
WARMING_SECONDS = 1


class Void(SystemExit):
    """Something went wrong while it was timed: the figures mean nothing."""


def memory_mb(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


def busy_seconds():
    """What all processors have spent on anything since the machine started."""
    fields = pathlib.Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()[1:]
    user, nice, system, _, _, irq, softirq = map(int, fields[:7])
    return (user + nice + system + irq + softirq) / postgres.CLOCK_TICKS


class Usage:
    """What some processes use between `with` and its end."""

    def __init__(self, server, databases):
        self.server = server
        self.databases = databases
        self.peak_mb = 0
        self.done = threading.Event()

    def counters(self):
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        server = sum(postgres.ticks(self.server)[:2]) / postgres.CLOCK_TICKS if self.server else 0
        databases = [database.cpu_seconds() for database in self.databases]
        return server, databases, children.ru_utime + children.ru_stime, busy_seconds(), time.monotonic()

    def watch(self):
        while not self.done.wait(0.2):
            self.peak_mb = max(self.peak_mb, memory_mb(self.server))

    def __enter__(self):
        if self.server:
            self.watcher = threading.Thread(target=self.watch)
            self.watcher.start()
        self.before = self.counters()
        return self

    def __exit__(self, *_):
        after = self.counters()
        self.done.set()
        if self.server:
            self.watcher.join()
        self.server_cpu = after[0] - self.before[0]
        self.database_cpu = [after - before for before, after in zip(self.before[1], after[1])]
        self.generator_cpu = generator = after[2] - self.before[2]
        available = (after[4] - self.before[4]) * os.cpu_count()
        busy = after[3] - self.before[3]
        # What other programs took of the machine: above a few percent the figures are worth little.
        self.others = max(busy - self.server_cpu - sum(self.database_cpu) - generator, 0) / available


def wrk(url, bodies, seconds, connections, headers):
    words = [word for header in headers for word in ("--header", header)]
    done = subprocess.run(
        ["wrk", "--threads", str(THREADS), "--connections", str(connections), "--duration", f"{seconds}s",
         "--timeout", "10s", "--script", LUA, *words, url],
        check=True, stdout=subprocess.PIPE, text=True, env=os.environ | {"PHR_BENCH_BODIES": str(bodies)},
    )
    result = json.loads(done.stdout.strip().rpartition("\n")[2])
    if result["bad"] or result["broken"]:
        raise Void(f"tests/bench: void: {result['bad']} wrong answers and {result['broken']} broken connections, "
                   f"such as: {result['example']}")
    return result


def phr(name, server, databases, bodies, seconds, connections, headers, settled=None):
    """One workload on the server: requests a second, percentiles, and what a request costs, that which is done after it
    is answered included where `settled` waits for it."""
    wrk(server.url, bodies, WARMING_SECONDS, connections, headers)
    if settled:
        settled()
    with Usage(server.process.pid, databases) as usage:
        run = wrk(server.url, bodies, seconds, connections, headers)
        if settled:
            settled()
    return {
        "workload": name,
        "requests": run["requests"],
        "per_second": run["requests"] / run["seconds"],
        "p50_ms": run["p50_ms"],
        "p99_ms": run["p99_ms"],
        "max_ms": run["max_ms"],
        "server_cpu_ms": usage.server_cpu * 1000 / run["requests"],
        "postgres_cpu_ms": usage.database_cpu[0] * 1000 / run["requests"],
        "replicas_cpu_ms": sum(usage.database_cpu[1:]) * 1000 / run["requests"],
        "generator_cpu_ms": usage.generator_cpu * 1000 / run["requests"],
        "memory_mb": usage.peak_mb,
        "others": usage.others,
    }


def pgbench(database, name, scripts, definitions, seconds, connections, folder):
    """The same work on PostgreSQL alone. `scripts` is a list of (path, weight)."""
    for old in glob.glob(f"{folder}/pgbench-log.*"):
        os.unlink(old)
    files = [word for path, weight in scripts for word in ("--file", f"{path}@{weight}")]
    defined = [word for name, value in definitions.items() for word in ("--define", f"{name}={value}")]
    command = [
        f"{database.bin}/pgbench", "--no-vacuum", "--protocol", "prepared", "--client", str(connections),
        "--jobs", str(THREADS), "--time", str(seconds), "--log", "--log-prefix", f"{folder}/pgbench-log",
        "--sampling-rate", str(SAMPLED), *files, *defined,
        "--host", "127.0.0.1", "--port", str(database.port), "--username", "postgres", name,
    ]
    with Usage(None, [database]) as usage:
        done = subprocess.run(
            command, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PGOPTIONS": PGOPTIONS},
        )
    if done.returncode != 0 or "ERROR" in done.stderr:
        raise Void(f"tests/bench: void: pgbench: {done.stderr}")
    transactions = int(re.search(r"transactions actually processed: (\d+)", done.stdout)[1])
    times = sorted(
        int(line.split()[2]) for log in glob.glob(f"{folder}/pgbench-log.*") for line in open(log, encoding="utf-8")
    )
    return {
        "per_second": float(re.search(r"tps = ([\d.]+) \(without", done.stdout)[1]),
        "p50_ms": times[len(times) // 2] / 1000,
        "p99_ms": times[len(times) * 99 // 100] / 1000,
        "postgres_cpu_ms": usage.database_cpu[0] * 1000 / transactions,
        "generator_cpu_ms": usage.generator_cpu * 1000 / transactions,
        "others": usage.others,
    }
