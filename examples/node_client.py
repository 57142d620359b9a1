#!/usr/bin/env python3
"""A client of a node in Python, with the standard library alone: the protocol of libtaskactor/PROTOCOL.md.

    node_client.py ADDRESS TASK [JSON]...          ADDRESS: HOST:PORT or unix:PATH
    node_client.py --authority ca.pem --certificate me.pem --key me.key --name me node7:4710 square 12

It calls one task, and prints the result as JSON. Its name has to be that of the certificate, if there is one.
"""
import argparse
import json
import socket
import ssl
import struct
import sys
import time
import uuid

HELLO, WELCOME, GOODBYE, HEARTBEAT, DRAINING, WINDOW, WINDOW_TAKEN, DEMAND, CALL, CANCEL = range(1, 11)
RESULT, FAILED, REFUSED, CANCELLED, TIMED_OUT, RETURNED, PROGRESS, LOG = range(11, 19)
LARGEST = 16 << 20


# -- CBOR (RFC 8949), as much of it as there is in the protocol ------------------------------------------------------


def head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes([major << 5 | value])
    for info, form, limit in ((24, ">B", 1 << 8), (25, ">H", 1 << 16), (26, ">I", 1 << 32), (27, ">Q", 1 << 64)):
        if value < limit:
            return bytes([major << 5 | info]) + struct.pack(form, value)
    raise ValueError("too large for CBOR")


def encode(value) -> bytes:
    if value is None or value is True or value is False:
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(map(encode, value))
    return head(5, len(value)) + b"".join(encode(key) + encode(value[key]) for key in value)


class Decoder:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise ValueError("CBOR that ends too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def value(self):
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            if info in (20, 21, 22):
                return {20: False, 21: True, 22: None}[info]
            form = {25: ">e", 26: ">f", 27: ">d"}[info]
            return struct.unpack(form, self.take(struct.calcsize(form)))[0]
        if info >= 28:
            raise ValueError("CBOR of a length that isn't given")
        size = info if info < 24 else int.from_bytes(self.take(1 << (info - 24)), "big")
        if major in (0, 1):
            return size if major == 0 else -1 - size
        if major in (2, 3):
            return self.take(size) if major == 2 else self.take(size).decode(errors="replace")
        if major == 4:
            return [self.value() for _ in range(size)]
        return {self.value(): self.value() for _ in range(size)}


def decode(data: bytes):
    return Decoder(data).value()


# -- a session -------------------------------------------------------------------------------------------------------


class NodeError(Exception):
    """The call has no result; the text says why."""


class Session:
    def __init__(self, address: str, name: str, tls: ssl.SSLContext | None = None, host: str | None = None) -> None:
        self.socket, self.numbers, self.window, self.unanswered = self.connect(address, tls, host), 0, 0, 0
        self.beat = 0.0
        self.buffer = b""
        self.send(["taskactor", 1])
        greeting = self.receive()
        if greeting != ["taskactor", 1]:
            raise NodeError(f"refused: {greeting}")
        run = time.time_ns()
        self.send([HELLO, 1, name, str(uuid.uuid4()), run, 1, []])
        hello = self.receive()
        if hello[0] != HELLO:
            raise NodeError(f"no hello: {hello}")
        self.peer = hello[2]
        if name.encode() < self.peer.encode():  # we decide
            self.send([WELCOME])
        elif (answer := self.receive()) != [WELCOME]:
            raise NodeError(f"not welcome: {answer}")

    @staticmethod
    def connect(address: str, tls: ssl.SSLContext | None, host: str | None) -> socket.socket:
        if address.startswith("unix:"):
            made = socket.socket(socket.AF_UNIX)
            made.connect(address.removeprefix("unix:"))
        else:
            where, _, port = address.rpartition(":")
            where = where.strip("[]")
            made = socket.create_connection((where, int(port)), timeout=10)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            host = host or where
        if tls:
            made.settimeout(10)
            made = tls.wrap_socket(made, server_hostname=host)
        made.settimeout(0.25)
        return made

    def send(self, frame: list) -> None:
        content = encode(frame)
        self.socket.sendall(struct.pack(">I", len(content)) + content)

    def read(self, size: int) -> bytes:
        """Sends signs of life meanwhile."""
        silent = 0
        while len(self.buffer) < size:
            if getattr(self, "peer", None) and time.monotonic() - self.beat >= 0.5:
                self.beat = time.monotonic()
                self.send([HEARTBEAT, 0, []])
            try:
                piece = self.socket.recv(65536)
            except TimeoutError:
                silent += 1
                if silent > 20:
                    raise NodeError("nothing was heard of the node for too long") from None
                continue
            if not piece:
                raise NodeError("the node has closed the connection")
            self.buffer += piece
            silent = 0
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def receive(self) -> list:
        size = struct.unpack(">I", self.read(4))[0]
        if not 0 < size <= LARGEST:
            raise NodeError(f"a frame of {size} bytes")
        return decode(self.read(size))

    def call(self, task: str, *arguments, timeout: float | None = None, fencing_token: int = 1):
        """Its result. `fencing_token`: how often it has been sent somewhere, with this time. Errors: NodeError."""
        self.numbers += 1
        number, sent = self.numbers, False
        while True:
            if not sent and (self.unanswered < self.window or task.startswith("taskactor.")):
                remaining = -1 if timeout is None else int(timeout * 1e9)
                self.send([CALL, number, fencing_token, task, encode(list(arguments)), remaining, f"call-{number}"])
                self.unanswered, sent = self.unanswered + 1, True
            kind, *fields = self.receive()
            if kind == WINDOW:
                self.window = fields[0]
                self.send([WINDOW_TAKEN, self.window])
            elif kind == CALL:  # we run nothing; and have given no window for it
                raise NodeError("the node has sent a call")
            elif kind == GOODBYE:
                raise NodeError(f"the node has said goodbye: {fields[1]}")
            elif RESULT <= kind <= RETURNED and fields[0] == number:
                self.unanswered -= 1
                if kind == RESULT:
                    return decode(fields[2])
                words = {FAILED: "failed", REFUSED: "refused", CANCELLED: "cancelled", TIMED_OUT: "timed out"}
                raise NodeError(f"{words.get(kind, 'returned, not begun')}: {fields[-1]}")

    def close(self) -> None:
        self.send([GOODBYE, 1, "done"])
        self.socket.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for word in ("authority", "certificate", "key", "host"):
        parser.add_argument(f"--{word}")
    parser.add_argument("--name", default=f"python-{uuid.uuid4().hex[:8]}")
    parser.add_argument("--timeout", type=float)
    parser.add_argument("address")
    parser.add_argument("task")
    parser.add_argument("arguments", nargs="*", type=json.loads)
    given = parser.parse_args()
    tls = None
    if given.authority:
        tls = ssl.create_default_context(cafile=given.authority)
        tls.minimum_version = ssl.TLSVersion.TLSv1_3
        tls.load_cert_chain(given.certificate, given.key)
    try:
        session = Session(given.address, given.name, tls, given.host)
        print(json.dumps(session.call(given.task, *given.arguments, timeout=given.timeout)))
        session.close()
    except (NodeError, OSError) as error:
        print(f"node_client.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
