"""What changes cost: the log that triggers write of each, telling subscribers, and consistency tokens on reads."""

import json
import time

import measure
import registers
import subscribers
import workloads

# Each way is measured so often, in turn.
ROUNDS = 4
SUBSCRIBERS = 1000
CHANGES = 60
# The first ones find nothing warm.
WARMING = 5
UPDATE = """mutation ($input: UpdatePatientRegisterInput!) {
    updatePatientRegister(input: $input) { patientRegister { version } userErrors { code message } } }"""
READ = "query ($uuid: UUID!) { patientRegister(uuid: $uuid) { uuid } }"
# How long a replica may take to catch up.
LIMIT = 30


def mean(runs, name):
    return sum(run[name] for run in runs) / len(runs)


def log_of_a_create(primary, database, options, folder):
    """A create in pgbench, with the triggers of the table and without."""
    create = workloads.Create(options.patients, options.seed)
    script = folder / "create.sql"
    script.write_text(create.script(), encoding="utf-8")
    runs = {"ENABLE": [], "DISABLE": []}

    def timed(seconds):
        return measure.pgbench(
            primary, database, [(script, 1)], create.definitions(), seconds, options.connections, folder
        )

    timed(measure.WARMING_SECONDS)
    for number in range(2 * ROUNDS):
        # With, without, without, with: whatever drifts meanwhile strikes both.
        way = ("ENABLE", "DISABLE", "DISABLE", "ENABLE")[number % 4]
        primary.sql(f"ALTER TABLE patientregister {way} TRIGGER USER; CHECKPOINT", database)
        runs[way].append(timed(options.seconds))
    primary.sql("ALTER TABLE patientregister ENABLE TRIGGER USER", database)
    own, bare = runs["ENABLE"], runs["DISABLE"]
    return {
        "per_second": mean(own, "per_second"), "bare_per_second": mean(bare, "per_second"),
        "cost": 1 - mean(own, "per_second") / mean(bare, "per_second"),
        "cpu_ms": mean(own, "postgres_cpu_ms"), "bare_cpu_ms": mean(bare, "postgres_cpu_ms"),
        "cpu_cost": 1 - mean(bare, "postgres_cpu_ms") / mean(own, "postgres_cpu_ms"),
        "runs": runs,
    }


def latency(server, options, filters):
    """From a mutation to its event, with many subscribers on this machine."""
    uuid = registers.key("p", 7)

    def variables(marker):
        return {"input": {"uuid": uuid, "address": marker}}

    host = server.url.removeprefix("http://")
    with subscribers.Audience(host, server.authorization, SUBSCRIBERS, filters) as audience:
        subscribers.measure(audience, UPDATE, variables, WARMING)
        with measure.Usage(server.process.pid, []) as usage:
            result = subscribers.measure(audience, UPDATE, variables, CHANGES)
    events = SUBSCRIBERS * CHANGES
    return result | {"server_cpu_us": usage.server_cpu * 1e6 / events, "memory_mb": usage.peak_mb}


def token_of_a_read(server, primary, replicas, database, options, folder):
    """The same reads of replicas that have caught up, with a consistency token and without."""
    read = workloads.ByUuid(options.patients, options.seed)
    requests = folder / "requests"
    bodies = [read.body(variables) for variables in read.variables(server.ask)]
    requests.write_text("\n".join(bodies) + "\n", encoding="utf-8")
    uuid = registers.key("p", 7)
    update = {"query": UPDATE, "variables": {"input": {"uuid": uuid, "address": "7 Token Street"}}}
    token = server.ask(json.dumps(update))["extensions"]["consistency"]["token"]
    addresses = {f"127.0.0.1:{replica.port}" for replica in replicas}
    caught_up(server, token, uuid, addresses)
    plain = [f"Authorization: {server.authorization}"]
    runs = {"with": [], "without": []}
    for number in range(2 * ROUNDS):
        way = ("with", "without", "without", "with")[number % 4]
        headers = plain + ([f"X-Consistency-Token: {token}"] if way == "with" else [])
        runs[way].append(measure.phr(
            way, server, [primary, *replicas], requests, options.seconds, options.connections, headers
        ))
    own, bare = runs["with"], runs["without"]
    return {
        "per_second": mean(own, "per_second"), "bare_per_second": mean(bare, "per_second"),
        "cost": 1 - mean(own, "per_second") / mean(bare, "per_second"),
        "cpu_ms": mean(own, "server_cpu_ms"), "bare_cpu_ms": mean(bare, "server_cpu_ms"),
        "cpu_cost": 1 - mean(bare, "server_cpu_ms") / mean(own, "server_cpu_ms"),
        "on_primary_ms": mean(own, "postgres_cpu_ms"), "on_replicas_ms": mean(own, "replicas_cpu_ms"),
        "runs": runs,
    }


def caught_up(server, token, uuid, addresses):
    """Waits until replicas serve reads that bring the token, all of several."""
    body = json.dumps({"query": READ, "variables": {"uuid": uuid}})
    deadline = time.monotonic() + LIMIT
    served = None
    while time.monotonic() < deadline:
        answers = [server.ask(body, {"X-Consistency-Token": token}) for _ in range(10)]
        served = {answer["extensions"]["consistency"]["servedBy"] for answer in answers}
        if served <= addresses:
            return
    raise SystemExit(f"tests/bench: reads with a token are served by {served}, and not by {addresses}")


def line(name, result):
    """A figure, as it is printed."""
    if "subscribers" in result:
        return (
            f"{name:<14} {result['subscribers']} subscribers, {result['filters']} filter(s): a change is heard"
            f" {result['p50_ms']:.1f} ms (median), {result['p99_ms']:.1f} ms (99 %), {result['max_ms']:.1f} ms (last of"
            f" all) after the mutation was sent, {result['acknowledged_p50_ms']:.1f} and"
            f" {result['acknowledged_p99_ms']:.1f} ms after its answer; by the first after {result['first_p50_ms']:.1f}"
            f" and by all of them after {result['last_p50_ms']:.1f} ms (median); {result['server_cpu_us']:.1f} us of the server's processor time an"
            f" event"
        )
    return (
        f"{name:<14} {result['per_second']:.0f}/s, {result['cpu_ms']:.4f} ms of processor time; without"
        f" {result['bare_per_second']:.0f}/s, {result['bare_cpu_ms']:.4f} ms: it costs {result['cost']:.1%} of the"
        f" requests a second, and {result['cpu_cost']:.1%} of the processor time"
    )
