"""A TCP forwarder in front of a server, so that one test can lose that server alone."""
import collections
import selectors
import socket
import threading
import time


class Gate:
    """Forwards loopback connections to a port. shut(): connections are cut and refused;
    stall(): bytes stop flowing but connections stay; open(): back to normal;
    delay(): bytes arrive so many seconds later, each way."""

    def __init__(self, target_port):
        self.target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._wake_read, self._wake_write = socket.socketpair()
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._peers = {}
        self._delay_s = 0
        self._on_their_way = collections.deque()  # (when to deliver, source, bytes; none: its end)
        self._state = "open"
        self._applied = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def open(self):
        self._become("open")

    def shut(self):
        self._become("shut")

    def stall(self):
        self._become("stalled")

    def delay(self, seconds):
        self._delay_s = seconds

    def close(self):
        self._become("closed")
        self._thread.join()

    def _become(self, state):
        self._applied.clear()
        self._state = state
        self._wake_write.send(b"x")
        assert self._applied.wait(5)

    def _serve(self):
        while self._state != "closed":
            for key, _ in self._selector.select(self._pause_s()):
                if key.fileobj is self._wake_read:
                    self._wake_read.recv(100)
                    self._apply()
                elif key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._peers:
                    self._take(key.fileobj)
            self._deliver()
        self._cut_all()
        self._listener.close()
        self._applied.set()

    def _apply(self):
        if self._state in ("shut", "closed"):
            self._cut_all()
        watched = self._state != "stalled"
        for peer in self._peers:
            known = peer in self._selector.get_map()
            if watched and not known:
                self._selector.register(peer, selectors.EVENT_READ)
            elif not watched and known:
                self._selector.unregister(peer)
        if self._state != "closed":
            self._applied.set()

    def _accept(self):
        client, _ = self._listener.accept()
        if self._state == "shut":
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.target_port), 5)
        except OSError:
            client.close()
            return
        for this, other in ((client, server), (server, client)):
            this.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._peers[this] = other
            if self._state == "open":
                self._selector.register(this, selectors.EVENT_READ)

    def _take(self, source):
        try:
            data = source.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(source)
        self._on_their_way.append((time.monotonic() + self._delay_s, source, data))

    def _pause_s(self):
        if self._state != "open" or not self._on_their_way:
            return None
        return max(0, self._on_their_way[0][0] - time.monotonic())

    def _deliver(self):
        while self._pause_s() == 0:
            _, source, data = self._on_their_way.popleft()
            peer = self._peers.get(source)
            if peer is None:
                continue  # cut meanwhile
            try:
                peer.sendall(data)
            except OSError:
                data = b""
            if not data:
                self._cut(source)

    def _cut(self, peer):
        for end in (peer, self._peers.get(peer)):
            if end is not None and self._peers.pop(end, None) is not None:
                if end in self._selector.get_map():
                    self._selector.unregister(end)
                end.close()

    def _cut_all(self):
        for peer in list(self._peers):
            if peer in self._peers:
                self._cut(peer)
