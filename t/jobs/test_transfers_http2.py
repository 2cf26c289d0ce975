"""Providers that speak HTTP/2: many calls share a connection, and a connection that ends loses or repeats none."""
import random

import pytest

from harness.certificates import self_signed
from harness.environment import fresh_directory
from harness.message_stand_ins import Reply
from harness.process import Process, accepts_connections, free_port
from harness.waiting import eventually

from .message_shop import OTP


class Http2Front:
    """NGINX in front of a provider's stand-in. After `requests` it tells the client of each connection to go, and looks
    at nothing that was sent to it meanwhile."""

    def __init__(self, provider, requests=1000, more=""):
        self.certificate, key = self_signed()
        directory = fresh_directory("front")
        self.port = free_port()
        self.access_log = directory / "access.log"
        configuration = directory / "nginx.conf"
        configuration.write_text(f"""
daemon off; pid {directory}/pid; error_log {directory}/error.log; worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    log_format front "$connection $server_protocol $status";
    access_log {self.access_log} front;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    upstream provider {{ server 127.0.0.1:{provider.port}; keepalive 100; }}
    server {{
        listen 127.0.0.1:{self.port} ssl http2;
        ssl_certificate {self.certificate}; ssl_certificate_key {key};
        keepalive_requests {requests}; {more}
        location / {{ proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
}}""")
        self.process = Process(["nginx", "-c", configuration, "-e", directory / "error.log"], directory / "out.log")
        self.process.expect(lambda: accepts_connections(self.port), "NGINX listens")
        self.environment = {"SENDGRID_BASE_URL": f"https://127.0.0.1:{self.port}", "HTTPS_CA_FILE": self.certificate}

    def served(self):
        return [line.split() for line in self.access_log.read_text().splitlines()]

    def close(self):
        self.process.stop()


@pytest.fixture
def new_front(message_shop):
    fronts = []

    def make(**options):
        fronts.append(Http2Front(message_shop.provider, **options))
        return fronts[-1]

    yield make
    for front in fronts:
        front.close()


def push(shop, count):
    return [shop.push_email(data=OTP | {"otp": f"{random.getrandbits(64)}"}) for _ in range(count)]


def all_sent(shop, ids):
    for id in ids:
        shop.is_sent(id, within_s=60)
    assert shop.provider.times_sent() == {id: 1 for id in ids}
    assert shop.database.value("SELECT sum(unknowns + attempts) FROM email_queue") == 0


def test_many_mails_share_few_connections(message_shop, new_front):
    front = new_front()
    message_shop.provider.after = 0.05
    ids = push(message_shop, 500)
    message_shop.start_email(**front.environment)
    all_sent(message_shop, ids)
    served = front.served()
    assert {protocol for _, protocol, _ in served} == {"HTTP/2.0"} and len(served) == 500
    assert len({connection for connection, _, _ in served}) <= 10


def test_connections_that_end_again_and_again(message_shop, new_front):
    """What was sent to one that had been told to go was not looked at: it is sent again, and nobody wonders."""
    front = new_front(requests=20)
    message_shop.provider.after = 0.02
    ids = push(message_shop, 1000)
    message_shop.start_email(**front.environment)
    all_sent(message_shop, ids)
    assert len({connection for connection, _, _ in front.served()}) >= 50


def test_a_connection_that_the_server_closed_while_it_was_idle(message_shop, new_front):
    front = new_front(more="keepalive_timeout 100ms;")
    message_shop.start_email(**front.environment)
    ids = []
    for number in range(3):
        ids += push(message_shop, 1)
        message_shop.is_sent(ids[-1])
        # NGINX writes its line when the request has ended; what it does with the connection shows in no other way
        # than by the next one being another.
        eventually(lambda: len(front.served()) == number + 1, "served")
        eventually(lambda: not connections_to(front.port), "closed by the server or known to be")
    all_sent(message_shop, ids)
    assert len({connection for connection, _, _ in front.served()}) == 3


def connections_to(port):
    """Established ones, of any process."""
    ending = f":{port:04X}"
    with open("/proc/net/tcp") as table:
        lines = [line.split() for line in table][1:]
    return [line for line in lines if line[2].endswith(ending) and line[3] == "01"]


def test_a_front_that_cannot_reach_its_provider(message_shop, new_front):
    """A 502 of one call says nothing about the others on its connection."""
    front = new_front()
    message_shop.provider.rule = lambda sent: Reply(close=True) if sent.id == bad else Reply()
    bad, *good = push(message_shop, 20)
    message_shop.start_email(**front.environment)
    for id in good:
        message_shop.is_sent(id)
    row = eventually(lambda: (row := message_shop.message(bad))["last_error"] and row, "the bad one was tried", 20)
    assert "502" in row["last_error"]
    for id in good:
        assert message_shop.provider.times_sent()[id] == 1
