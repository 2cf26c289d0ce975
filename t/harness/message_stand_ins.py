"""SendGrid, MSG91 and Twilio as far as the workers call them: one asyncio server that is fast enough for load,
counts what it is sent, and answers as it was told."""
import asyncio
import base64
import collections
import dataclasses
import itertools
import json
import socket
import ssl
import struct
import threading
import time
import urllib.parse


@dataclasses.dataclass
class Reply:
    """How one call is answered. hang: never; reset: the connection is cut; close: closed without an answer; both after
    the whole request was read. body: instead of the provider's own."""
    status: int = 0          # 0: as the provider answers when all is well
    after: float = None      # seconds; None: the stand-in's own
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes = None
    hang: bool = False
    reset: bool = False
    close: bool = False


@dataclasses.dataclass
class Sent:
    """One request that arrived as a whole."""
    method: str
    path: str
    headers: dict
    body: bytes
    at: float
    id: str = ""             # which message it is: our row's id (SendGrid), else recipient and text
    answered: int = 0        # the status, once it was answered

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def form(self):
        return dict(urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True))


OK = Reply()


class MessageStandIn:
    """`rule`, where set, is a function of the Sent that gives a Reply; script() comes before it."""

    def __init__(self, after=0.0, certificate=None):
        self.after = after
        self.rule = None
        self.sent = []
        self.connections = 0
        self.twilio_messages = []
        self._script = collections.deque()
        self._numbers = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._tasks = set()
        context = None
        if certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*certificate)
        self._server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, ssl=context, backlog=2048))
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self):
        async def end():
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            self._loop.stop()
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(end(), self._loop)
            self._thread.join(5)

    def script(self, *replies):
        """The next calls get these, one each."""
        self._script.extend(replies)

    @property
    def scripted(self):
        """How many of those are still to come."""
        return len(self._script)

    # --- what was counted

    def calls(self, path):
        return [call for call in list(self.sent) if call.path.startswith(path)]

    @property
    def posts(self):
        return [call for call in list(self.sent) if call.method == "POST"]

    def times_sent(self):
        """{id: how often it arrived}, whatever was answered."""
        return collections.Counter(call.id for call in self.posts)

    def times_accepted(self):
        """{id: how often it was answered with a 2xx}."""
        return collections.Counter(call.id for call in self.posts if 200 <= call.answered < 300)

    # --- serving

    def reply_to(self, sent):
        if self._script:
            return self._script.popleft()
        return self.rule(sent) if self.rule else OK

    def answer(self, sent):
        """(status, headers, body) as the provider answers when all is well."""
        number = next(self._numbers)
        if sent.path.startswith("/v3/mail/send"):
            return 202, {"X-Message-Id": f"sg-{number}"}, b""
        if sent.path.startswith("/api/v5/flow"):
            return 200, {"Content-Type": "application/json"}, json.dumps(
                {"type": "success", "message": f"request-{number}"}).encode()
        if sent.path.startswith("/2010-04-01/"):
            if sent.method == "GET":
                return 200, {"Content-Type": "application/json"}, json.dumps(
                    {"messages": self.twilio_messages, "next_page_uri": None}).encode()
            form = sent.form
            message = {"sid": f"SM{number:032x}", "status": "queued", "to": form.get("To"), "body": form.get("Body"),
                       "error_code": None}
            self.twilio_messages.append(message)
            return 201, {"Content-Type": "application/json"}, json.dumps(message).encode()
        return 404, {}, b""


def message_id(sent):
    try:
        if sent.path.startswith("/v3/mail/send"):
            return next(iter(sent.json["personalizations"][0]["custom_args"].values()))
        if sent.path.startswith("/api/v5/flow"):
            return json.dumps(sent.json["recipients"], sort_keys=True)
        if sent.path.startswith("/2010-04-01/") and sent.method == "POST":
            return sent.form["To"] + ":" + sent.form.get("Body", "")
    except (ValueError, KeyError, IndexError, StopIteration):
        pass
    return ""


class _Connection(asyncio.Protocol):
    def __init__(self, stand_in):
        self.stand_in = stand_in
        self.buffer = b""
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        self.stand_in.connections += 1
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            lines = self.buffer[:end].decode("latin-1").split("\r\n")
            method, path, _ = lines[0].split(" ", 2)
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            length = int(headers.get("content-length", 0))
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4:end + 4 + length]
            self.buffer = self.buffer[end + 4 + length:]
            sent = Sent(method, path, headers, body, time.time())
            sent.id = message_id(sent)
            self.stand_in.sent.append(sent)
            self._reply(sent, self.stand_in.reply_to(sent))

    def _reply(self, sent, reply):
        if reply.hang:
            return
        after = self.stand_in.after if reply.after is None else reply.after
        if after:
            self.stand_in._loop.call_later(after, self._write, sent, reply)
        else:
            self._write(sent, reply)

    def _write(self, sent, reply):
        if self.transport.is_closing():
            return
        if reply.reset:
            raw = self.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
            return
        if reply.close:
            self.transport.close()
            return
        status, headers, body = reply.status, dict(reply.headers), reply.body or b""
        if not status:
            status, own, own_body = self.stand_in.answer(sent)
            headers = own | headers
            body = own_body if reply.body is None else reply.body
        head = f"HTTP/1.1 {status} Answer\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.items())
        sent.answered = status
        self.transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def basic_auth(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
