"""An HTTP server on loopback that plays somebody else: it writes down what it is asked, and answers as
it was told."""
import collections
import dataclasses
import http.server
import json
import socket
import struct
import threading
import time


@dataclasses.dataclass
class Answer:
    """What to send back; slow: after so many seconds; reset: nothing, the connection is cut."""
    status: int = 200
    json: object = None
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)
    slow: float = 0
    reset: bool = False


@dataclasses.dataclass
class Call:
    method: str
    path: str      # with the query
    headers: dict  # names in lower case
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class StandIn:
    """Answers come, in this order: the next of script(path), the rule of the longest matching prefix,
    then `otherwise`."""

    def __init__(self, otherwise=None):
        self.otherwise = otherwise or Answer(404)
        self.calls = []
        self._rules = {}
        self._scripts = collections.defaultdict(collections.deque)
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, prefix, rule):
        """`rule`: an Answer, or a function of the Call that makes one."""
        with self._lock:
            self._rules[prefix] = rule

    def script(self, prefix, *answers):
        """The next calls below `prefix` get these, one each."""
        with self._lock:
            self._scripts[prefix].extend(answers)

    def calls_to(self, prefix):
        with self._lock:
            return [call for call in self.calls if call.path.startswith(prefix)]

    def _answer_to(self, call):
        with self._lock:
            self.calls.append(call)
            for prefix, answers in self._scripts.items():
                if call.path.startswith(prefix) and answers:
                    return answers.popleft()
            matching = [prefix for prefix in self._rules if call.path.startswith(prefix)]
            rule = self._rules[max(matching, key=len)] if matching else self.otherwise
        return rule(call) if callable(rule) else rule

    def _handler(self):
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = stand_in._answer_to(Call(self.command, self.path, headers, body))
                if answer.slow:
                    time.sleep(answer.slow)
                if answer.reset:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    self.connection.close()
                    return
                content = json.dumps(answer.json).encode() if answer.json is not None else answer.body
                try:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    self.close_connection = True   # it did not want to wait

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

        return Handler
