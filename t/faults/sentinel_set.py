"""Three Redis, a master and two replicas, and three Sentinels that watch them. Stands where the harness's Redis does:
client() and url() lead to whoever is the master."""
import contextlib
import os
import shutil
import signal

import redis
import redis.sentinel

from harness.environment import AS_ROOT, as_user, fresh_directory
from harness.process import Process, free_port
from harness.redis_server import Redis
from harness.waiting import eventually

NAME = "shop"
QUICK_SYNC = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")


class SentinelSet:
    def __init__(self):
        first = Redis(listen=QUICK_SYNC)
        self.servers = [first, *(Redis(listen=(*QUICK_SYNC, "--replicaof", "127.0.0.1", first.port)) for _ in range(2))]
        self.ports = [free_port() for _ in range(3)]
        self.processes = [self._start_sentinel(port, first.port) for port in self.ports]
        self.sentinels = redis.sentinel.Sentinel([("127.0.0.1", port) for port in self.ports], socket_timeout=2)
        self.whole()

    @staticmethod
    def _start_sentinel(port, master_port):
        directory = fresh_directory("sentinel", owner="redis")
        path = directory / "sentinel.conf"   # Sentinel writes into it what it learns
        path.write_text(f"port {port}\nbind 127.0.0.1\ndir {directory}\n"
                        f"sentinel monitor {NAME} 127.0.0.1 {master_port} 2\n"
                        f"sentinel down-after-milliseconds {NAME} 1500\nsentinel failover-timeout {NAME} 5000\n")
        if AS_ROOT:
            shutil.chown(path, "redis")
        os.chmod(path, 0o644)
        return Process([*as_user("redis"), "redis-server", path, "--sentinel"], directory / "sentinel.log")

    # --- as the harness's Redis

    @property
    def edge_setting(self):
        return f"sentinel={NAME} " + " ".join(f"127.0.0.1:{port}" for port in self.ports)

    @property
    def port(self):
        return self.master.port

    def url(self, number, _port=None):
        return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in self.ports)}/{NAME}/{number}"

    @staticmethod
    def next_number():
        return 0

    def client(self, number=0):
        return self.sentinels.master_for(NAME, db=number, decode_responses=True)

    # --- who is the master

    @property
    def master(self):
        """The server that the Sentinels name."""
        _, port = self.sentinels.discover_master(NAME)
        return next(server for server in self.servers if server.port == port)

    def whole(self, within_s=40):
        """Waits until all Sentinels see one master, each other, and two replicas that follow it."""
        def agreed():
            try:
                seen = [redis.Redis(port=port, decode_responses=True).sentinel_master(NAME) for port in self.ports]
                roles = [server.client().info("replication") for server in self.servers]
            except redis.exceptions.RedisError:
                return False
            masters = [server.port for server, role in zip(self.servers, roles) if role["role"] == "master"]
            followers = [role for role in roles if role["role"] == "slave" and role["master_link_status"] == "up"
                         and role["master_port"] == masters[0]] if len(masters) == 1 else []
            return len(followers) == 2 and all(
                state["port"] == masters[0] and state["num-other-sentinels"] == 2 and state["num-slaves"] == 2
                and not state["is_odown"] for state in seen)
        eventually(agreed, "one master, two replicas, three Sentinels", within_s, every_s=0.1)

    def promoted(self, former, within_s=40):
        """Waits until another one than `former` is the master and takes writes; that one."""
        def other():
            try:
                master = self.master
                return master if master is not former and master.client().info("replication")["role"] == "master" else None
            except redis.exceptions.RedisError:
                return None
        return eventually(other, "another master", within_s, every_s=0.05)

    def fail_over(self):
        """By an operator's command, again where the Sentinel gives it up (its replica was just called to order by
        another one); the new master."""
        former = self.master

        def commanded():
            with contextlib.suppress(redis.exceptions.ResponseError):   # one is under way
                redis.Redis(port=self.ports[0]).execute_command("SENTINEL", "FAILOVER", NAME)
            with contextlib.suppress(AssertionError):
                return self.promoted(former, within_s=10)
        return eventually(commanded, "a fail-over by command", 60)

    def stop(self):
        for process in self.processes:
            process.stop(signal.SIGTERM)
        for server in self.servers:
            server.stop()
