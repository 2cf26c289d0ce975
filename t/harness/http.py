"""A plain HTTP/1.1 client: sends paths and headers exactly as given, however wrong they are."""
import socket
from urllib.parse import urlsplit

from .environment import PATIENCE


class Response:
    """Status, headers by lower-case name (the last of equal names), body; and all header pairs."""

    def __init__(self, status, pairs, body):
        self.status = status
        self.pairs = pairs
        self.headers = {name.lower(): value for name, value in pairs}
        self.body = body

    @property
    def location(self):
        return self.headers.get("location")

    @property
    def text(self):
        return self.body.decode()

    @property
    def target(self):
        """Location taken apart."""
        return urlsplit(self.location)

    def __repr__(self):
        return f"Response({self.status}, {dict(self.pairs)}, {self.body[:200]!r})"


class Cut(Exception):
    """The server closed the connection before a whole answer."""


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


class Connection:
    """One keep-alive connection, optionally from another loopback address."""

    def __init__(self, port, source=None, timeout_s=10):
        self._socket = socket.create_connection(
            ("127.0.0.1", port), timeout_s * PATIENCE, source_address=(source, 0) if source else None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, raw):
        self._socket.sendall(raw)

    def request(self, path, method="GET", headers=()):
        """headers: a dictionary or pairs; a Host header is added when there is none."""
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        if not any(as_bytes(name).lower() == b"host" for name, _ in pairs):
            pairs.insert(0, ("Host", "shop.test"))
        lines = [as_bytes(method) + b" " + as_bytes(path) + b" HTTP/1.1"]
        lines += [as_bytes(name) + b": " + as_bytes(value) for name, value in pairs]
        self.send(b"\r\n".join(lines) + b"\r\n\r\n")
        return self.read(method)

    def read(self, method="GET"):
        head = self._until(b"\r\n\r\n")
        status_line, *header_lines = head.decode("latin-1").split("\r\n")
        status = int(status_line.split(" ")[1])
        pairs = [tuple(line.split(": ", 1)) for line in header_lines]
        headers = {name.lower(): value for name, value in pairs}
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif "content-length" in headers:
            body = self._exactly(int(headers["content-length"]))
        elif headers.get("transfer-encoding") == "chunked":
            body = self._chunks()
        else:
            body = self._rest()
        return Response(status, pairs, body)

    def at_end(self):
        """True when the server has closed the connection and nothing is left to read."""
        return not self._buffer and not self._receive()

    def _receive(self):
        try:
            data = self._socket.recv(65536)
        except ConnectionError:
            data = b""
        self._buffer += data
        return data

    def _until(self, mark):
        while mark not in self._buffer:
            if not self._receive():
                raise Cut(self._buffer)
        head, self._buffer = self._buffer.split(mark, 1)
        return head

    def _exactly(self, count):
        while len(self._buffer) < count:
            if not self._receive():
                raise Cut(self._buffer)
        body, self._buffer = self._buffer[:count], self._buffer[count:]
        return body

    def _chunks(self):
        body = b""
        while True:
            size = int(self._until(b"\r\n"), 16)
            body += self._exactly(size)
            self._exactly(2)
            if size == 0:
                return body

    def _rest(self):
        while self._receive():
            pass
        body, self._buffer = self._buffer, b""
        return body


def fetch(port, path, method="GET", headers=(), source=None):
    """One request on a connection of its own."""
    with Connection(port, source) as connection:
        return connection.request(path, method, headers)
