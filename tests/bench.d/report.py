"""The figures as text."""

COLUMNS = (
    "workload     requests/s    p50    p99  server  PostgreSQL  replicas  memory  others |  pgbench/s    p50    p99"
    "  PostgreSQL  others |  ratio  by CPU"
)
UNITS = (
    "                            ms     ms     ms          ms        ms      MB       % |             ms     ms"
    "          ms       % |"
)


def heading(record):
    settings = ", ".join(f"{name} {value}" for name, value in record["settings"].items())
    return "\n".join([
        "",
        f"phr {record['commit']}, {record['date']}; {record['patients']} patients, seed {record['seed']}; "
        f"{record['nodes']} node(s); {record['connections']} connections; {record['seconds']} s a workload; "
        f"{record['processors']} processors",
        f"PostgreSQL {record['postgres']} ({settings}; else its defaults: writes are durable); "
        f"server idle {record['idle_mb']:.0f} MB",
        "",
        COLUMNS,
        UNITS,
    ])


def line(result):
    before, after = result["pgbench"]

    def mean(name):
        return (before[name] + after[name]) / 2

    return (
        f"{result['workload']:<12} {result['per_second']:10.0f} {result['p50_ms']:6.2f} {result['p99_ms']:6.2f}"
        f" {result['server_cpu_ms']:7.4f} {result['postgres_cpu_ms']:11.4f} {result['replicas_cpu_ms']:9.4f}"
        f" {result['memory_mb']:7.0f} {result['others'] * 100:7.0f} |"
        f" {mean('per_second'):10.0f} {mean('p50_ms'):6.2f} {mean('p99_ms'):6.2f} {mean('postgres_cpu_ms'):11.4f}"
        f" {mean('others') * 100:7.0f} | {result['ratio']:6.2f} {result['cpu_ratio']:7.2f}"
    )


def guards(result):
    """What the guards cost: of the throughput, and of the processor's time."""
    bare, names = result["bare"], ("server_cpu_ms", "postgres_cpu_ms")
    per_second = sum(run["per_second"] for run in bare) / len(bare)
    server, postgres = (sum(run[name] for run in bare) / len(bare) for name in names)
    own = result["server_cpu_ms"] + result["postgres_cpu_ms"]
    return (
        f"  without guards {per_second:7.0f}/s, server {server:.4f} ms, PostgreSQL {postgres:.4f} ms:"
        f" they cost {1 - result['per_second'] / per_second:.0%} of the requests a second,"
        f" and {1 - (server + postgres) / own:.0%} of the processor's time"
    )


def lines(result):
    return line(result) + (f"\n{guards(result)}" if "bare" in result else "")


def table(record):
    return "\n".join([heading(record), *map(lines, record["results"])])
