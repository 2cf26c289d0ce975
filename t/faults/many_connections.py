"""What the loads of the fault tests share: one thread that keeps many connections busy, and one exchange on one of them."""
import asyncio
import re
import threading
import time

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
BODY_BYTES = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.IGNORECASE)


class Cut(Exception):
    """The connection ended before a whole answer."""


class ManyConnections:
    """Runs inside its `with` block: `_keep_busy(number)` of the class that is one of these, for each connection, until
    `_stopping`. What one of them raised comes out at the end of the block."""

    def __init__(self, connections):
        self.connections = connections
        self.seconds = 0.0
        self._stopping = False
        self._failure = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._started = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping = True
        self._thread.join()
        self.seconds = time.monotonic() - self._started
        if self._failure:
            raise self._failure

    def _run(self):
        async def all_of_them():
            await asyncio.gather(*(self._keep_busy(number) for number in range(self.connections)))
        try:
            asyncio.run(all_of_them())
        except Exception as failure:  # pylint: disable=broad-except
            self._failure = failure


async def exchange(link, request, has_body=True):
    """One request; the head of its answer, whose body (none follows HEAD) was read to its end."""
    reader, writer = link
    writer.write(request)
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = BODY_BYTES.search(head)
        if length and has_body:
            await reader.readexactly(int(length[1]))
        elif has_body and b"\r\nTransfer-Encoding: chunked\r\n" in head:
            await reader.readuntil(b"0\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as failure:
        raise Cut from failure
    return head
