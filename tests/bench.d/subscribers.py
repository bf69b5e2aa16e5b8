"""A thousand subscribers in one process: WebSockets that speak graphql-transport-ws, told apart by nothing but their place.

Each event is timed when its bytes are read, so what reading the others took counts as the server's. What it says is looked
at after all have been read.
"""

import gc
import json
import select
import socket
import time

HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
QUERY = """subscription ($filter: PatientRegisterFilter) { patientRegisterChanged(filter: $filter) {
    ... on PatientRegisterChange { cursor operation version changedFields
        patientRegister { uuid version firstName lastName address } }
    ... on ChangeGap { cursor reason } } }"""
# How a frame begins that is a text, and all of it.
TEXT = 0x81
# How long anything may take, and how long nothing is asked after everybody was told.
LIMIT = 30
PAUSE = 0.1


def frame(message):
    """A text frame; clients must mask theirs, and a mask of zeros is one."""
    text = json.dumps(message).encode()
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + text


class Subscriber:
    """One WebSocket."""

    def __init__(self, host, authorization, variables):
        self.buffer = b""
        self.rest = []
        self.socket = socket.create_connection((host.split(":")[0], int(host.split(":")[1])), LIMIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(HANDSHAKE.format(host=host).encode())
        while b"\r\n\r\n" not in self.buffer:
            self.read()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head:
            raise SystemExit(f"tests/bench: no WebSocket: {head.decode()}")
        self.socket.sendall(frame({"type": "connection_init", "payload": {"Authorization": authorization}}))
        self.hear(b"connection_ack")
        payload = {"query": QUERY, "variables": variables}
        self.socket.sendall(frame({"type": "subscribe", "id": "1", "payload": payload}))
        self.hear(b"BEGINNING")

    def hear(self, wanted):
        """Waits for a message."""
        while True:
            for message in self.messages():
                if wanted in message:
                    return
                raise SystemExit(f"tests/bench: not what was expected: {message.decode()}")
            self.read()

    def read(self):
        """Takes what has come."""
        came = self.socket.recv(8192)
        if not came:
            raise SystemExit("tests/bench: a WebSocket broke off")
        self.buffer += came

    def frame(self):
        """Where the first frame's content begins and ends; none as long as it has not come in whole."""
        if len(self.buffer) < 2:
            return None
        length, at = self.buffer[1], 2
        if length >= 126:
            at = 4 if length == 126 else 10
            length = int.from_bytes(self.buffer[2:at], "big")
        return (at, at + length) if len(self.buffer) >= at + length else None

    def messages(self):
        """The texts that have come in whole."""
        while place := self.frame():
            kind, message = self.buffer[0] & 0x0F, self.buffer[place[0] : place[1]]
            self.buffer = self.buffer[place[1] :]
            if kind == 9:
                self.socket.sendall(b"\x8a\x80" + bytes(4))
            elif kind == 1:
                yield message
            elif kind == 8:
                raise SystemExit(f"tests/bench: a WebSocket was closed: {message}")


class Audience:
    """Subscribers, with a connection beside them over which something is changed."""

    def __init__(self, host, authorization, count, filters):
        self.host = host
        self.filters = filters
        self.authorization = authorization
        variables = [{"filter": {"lastName": {"notEqual": f"Nobody {number}"}}} for number in range(filters)]
        self.subscribers = [Subscriber(host, authorization, variables[number % filters]) for number in range(count)]
        self.writer = socket.create_connection((host.split(":")[0], int(host.split(":")[1])), LIMIT)
        self.writer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.poll = select.epoll()
        self.by_number = {one.socket.fileno(): one for one in self.subscribers}
        for number, one in self.by_number.items():
            one.socket.setblocking(False)
            self.poll.register(number, select.EPOLLIN)
        self.poll.register(self.writer.fileno(), select.EPOLLIN)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self.subscribers:
            one.socket.close()
        self.writer.close()

    def change(self, document, variables, marker):
        """Changes something, and waits until everybody has heard of it: seconds from sending the mutation to its answer,
        and to each of the events."""
        body = json.dumps({"query": document, "variables": variables}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\n"
            f"Accept: application/graphql-response+json\r\nAuthorization: {self.authorization}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        marker, answer, answered, heard = marker.encode(), b"", None, {}
        began = time.perf_counter()
        self.writer.sendall(head.encode() + body)
        while len(heard) < len(self.subscribers) or answered is None:
            ready = self.poll.poll(LIMIT)
            if not ready:
                raise SystemExit(f"tests/bench: {len(heard)} of {len(self.subscribers)} heard within {LIMIT} s")
            for number, _ in ready:
                one = self.by_number.get(number)
                if one is None:
                    answer += self.writer.recv(65536)
                    answered = answered or time.perf_counter() - began
                    continue
                one.read()
                if one.buffer[0] != TEXT:
                    one.rest += one.messages()
                if one.rest or one.frame():
                    heard[number] = time.perf_counter() - began
        for one in self.subscribers:
            told = one.rest + list(one.messages())
            one.rest = []
            if len(told) != 1 or marker not in told[0]:
                raise SystemExit(f"tests/bench: not what was expected: {told}")
        if b'"userErrors":[]' not in answer:
            raise SystemExit(f"tests/bench: not changed: {answer.decode()}")
        time.sleep(PAUSE)
        return answered, list(heard.values())


def measure(audience, document, variables, changes):
    """Milliseconds from sending a mutation to each event, over many changes; and from its answer."""
    gc.disable()
    try:
        sent, acknowledged, first, last = [], [], [], []
        for number in range(changes):
            marker = f"bench {number} of {changes}, street"
            answered, heard = audience.change(document, variables(marker), marker)
            sent += heard
            acknowledged += [time_heard - answered for time_heard in heard]
            first.append(min(heard))
            last.append(max(heard))
    finally:
        gc.enable()

    def part(values, percent):
        return sorted(values)[min(len(values) * percent // 100, len(values) - 1)] * 1000

    return {
        "subscribers": len(audience.subscribers), "filters": audience.filters, "changes": changes,
        "p50_ms": part(sent, 50), "p99_ms": part(sent, 99), "max_ms": part(sent, 100),
        "acknowledged_p50_ms": part(acknowledged, 50), "acknowledged_p99_ms": part(acknowledged, 99),
        "first_p50_ms": part(first, 50), "last_p50_ms": part(last, 50),
    }
