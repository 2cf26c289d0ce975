"""A Redis with a password that speaks TLS beside plain TCP; the plain port is the tests' own."""
import redis

from .process import accepts_connections, free_port
from .redis_server import Redis

PASSWORD = "password of the tests' Redis"


class TlsRedis(Redis):
    def __init__(self, authority, name="redis.internal"):
        certificate, key = authority.issue(name)
        self.tls_port = free_port()
        super().__init__(listen=("--tls-port", self.tls_port, "--tls-cert-file", certificate, "--tls-key-file", key,
                                 "--tls-ca-cert-file", authority.certificate, "--tls-auth-clients", "no",
                                 "--requirepass", PASSWORD))
        self.process.expect(lambda: accepts_connections(self.tls_port), "Redis listens for TLS")

    def client(self, number=0):
        return redis.Redis(port=self.port, db=number, password=PASSWORD, decode_responses=True)

    def url(self, number, port=None):
        return f"redis://:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port or self.port}/{number}"

    def next_number(self):
        """The configuration under test names no database, so that there is one."""
        return 0
