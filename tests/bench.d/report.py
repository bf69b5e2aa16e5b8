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


def table(record):
    return "\n".join([heading(record), *map(line, record["results"])])
