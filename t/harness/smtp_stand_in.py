"""An SMTP server on loopback that keeps what it is sent, answers as it was told, and speaks STARTTLS."""
import base64
import collections
import dataclasses
import email
import email.policy
import socket
import socketserver
import ssl
import struct
import threading
import time

from .certificates import self_signed


@dataclasses.dataclass
class Mail:
    sender: str
    recipients: list
    source: bytes
    encrypted: bool
    user: str = ""

    @property
    def message(self):
        return email.message_from_bytes(self.source, policy=email.policy.default)


class SmtpStandIn:
    """say("DATA-END", "450 later") scripts the next reply to one step; HANG, RESET and CLOSE are replies too. Steps:
    CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, DATA-END (the mail has arrived)."""
    HANG, RESET, CLOSE = "hang", "reset", "close"

    def __init__(self, tls=True, user=None, password=None):
        self.mails = []          # those that arrived as a whole, whatever was answered
        self.accepted = []
        self.user, self.password = user, password
        self.certificate = self_signed("127.0.0.1") if tls else None
        self._script = collections.defaultdict(collections.deque)
        stand_in = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    _Session(stand_in, self.request).run()
                except (OSError, ConnectionError, EOFError):
                    pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True
            request_queue_size = 256

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"smtp://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    @property
    def ca_file(self):
        return self.certificate[0]

    def say(self, step, *replies):
        self._script[step].extend(replies)

    def reply(self, step, usual):
        return self._script[step].popleft() if self._script[step] else usual


class _Session:
    def __init__(self, stand_in, connection):
        self.stand_in = stand_in
        self.connection = connection
        self.file = connection.makefile("rb")
        self.encrypted = False
        self.user = ""

    def run(self):
        self.say("CONNECT", "220 stand-in ESMTP")
        sender, recipients = "", []
        while line := self.file.readline(4096):
            word = line.decode("latin-1").strip()
            verb = word.split(" ")[0].upper()
            if verb in ("EHLO", "HELO"):
                self.say("EHLO", "\r\n".join(self.greeting()))
            elif verb == "STARTTLS":
                self.say("STARTTLS", "220 go ahead")
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(*self.stand_in.certificate)
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.file = self.connection.makefile("rb")
                self.encrypted = True
            elif verb == "AUTH":
                self.authenticate(word)
            elif verb == "MAIL":
                sender, recipients = word.partition(":")[2].strip(), []
                self.say("MAIL", "250 ok")
            elif verb == "RCPT":
                recipients.append(word.partition(":")[2].strip())
                self.say("RCPT", "250 ok")
            elif verb == "DATA":
                if self.say("DATA", "354 go on").startswith("354"):
                    self.take(sender, recipients)
            elif verb == "QUIT":
                self.say("QUIT", "221 bye")
                return
            else:
                self.say(verb, "250 ok")

    def greeting(self):
        lines = ["stand-in"] + (["STARTTLS"] if self.stand_in.certificate and not self.encrypted else [])
        lines += ["AUTH PLAIN"] if self.stand_in.user else []
        return [f"250{' ' if place == len(lines) - 1 else '-'}{line}" for place, line in enumerate(lines)]

    def authenticate(self, word):
        words = word.split(" ")
        if len(words) < 3:
            self.send("334 ")
            words.append(self.file.readline(4096).decode().strip())
        _, user, password = base64.b64decode(words[2]).split(b"\0")
        right = (user.decode(), password.decode()) == (self.stand_in.user, self.stand_in.password)
        self.user = user.decode() if right else ""
        self.say("AUTH", "235 welcome" if right else "535 wrong user or password")

    def take(self, sender, recipients):
        lines = []
        while (line := self.file.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        if not line:
            return
        mail = Mail(sender, recipients, b"".join(lines), self.encrypted, self.user)
        self.stand_in.mails.append(mail)
        if self.say("DATA-END", "250 queued as stand-in-1").startswith("250"):
            self.stand_in.accepted.append(mail)

    def say(self, step, usual):
        reply = self.stand_in.reply(step, usual)
        if reply == SmtpStandIn.HANG:
            time.sleep(3600)
        if reply == SmtpStandIn.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reply in (SmtpStandIn.RESET, SmtpStandIn.CLOSE):
            self.file.close()
            self.connection.close()
            raise EOFError
        self.send(reply)
        return reply

    def send(self, text):
        self.connection.sendall((text + "\r\n").encode())
