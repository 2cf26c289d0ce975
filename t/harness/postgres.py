"""A private PostgreSQL cluster; tests get databases of their own in it."""
import itertools
import pathlib
import signal
import subprocess

import psycopg2
import psycopg2.extras

from .environment import as_user, fresh_directory
from .process import Process, free_port
from .waiting import eventually


def program(name):
    """A server program of the newest PostgreSQL that Debian has installed."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
                   key=lambda path: int(path.parts[4]))
    assert found, f"PostgreSQL's {name} is not installed"
    return found[-1]


class Postgres:
    """The server. It refuses to run as root, so then it runs as postgres."""

    def __init__(self):
        self.directory = fresh_directory("postgres", owner="postgres")
        self.data = self.directory / "data"
        self.port = free_port()
        self.process = None
        self._names = itertools.count(1)
        # Nothing here has to survive the machine: only the processes are killed.
        subprocess.run([*as_user("postgres"), program("initdb"), "-D", self.data, "-U", "coupon",
                        "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
                       check=True, capture_output=True, cwd=self.directory)
        with open(self.data / "postgresql.auto.conf", "a") as settings:
            settings.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\n"
                           f"unix_socket_directories = ''\nfsync = off\nmax_connections = 200\n"
                           f"shared_buffers = '64MB'\nmax_wal_size = '2GB'\n"
                           f"autovacuum_naptime = '10min'\nlog_min_messages = warning\n")
        self.start()

    def start(self):
        # After a SIGKILL the old children may hold the shared memory for a moment more.
        eventually(self._started, "PostgreSQL starts", 30, every_s=0.2)
        self.process.expect(self._answers, "PostgreSQL answers", 30)

    def _started(self):
        self.process = Process([*as_user("postgres"), program("postgres"), "-D", self.data],
                               self.directory / "postgres.log", directory=self.directory)
        lock = self.data / "postmaster.pid"
        return eventually(
            lambda: not self.process.running
            or lock.exists() and lock.read_text().startswith(f"{self.process.pid}\n"),
            "PostgreSQL takes its directory") and self.process.running

    def _answers(self):
        try:
            psycopg2.connect(self.dsn("postgres")).close()
            return True
        except psycopg2.OperationalError:
            return False

    def stop(self):
        """Fast shutdown: connections are cut."""
        self.process.stop(signal.SIGINT)

    def kill(self):
        """SIGKILL of the postmaster; its children notice and leave."""
        self.process.kill()

    def log(self):
        return (self.directory / "postgres.log").read_text(errors="replace")

    def dsn(self, database):
        return f"host=127.0.0.1 port={self.port} user=coupon dbname={database}"

    def url(self, database, port=None):
        """For libpq; `port` leads through a Gate."""
        return f"postgresql://coupon@127.0.0.1:{port or self.port}/{database}"

    def create_database(self, template="template1"):
        name = f"shop_{next(self._names)}"
        admin = psycopg2.connect(self.dsn("postgres"))
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        admin.close()
        return Database(self, name)


class Database:
    """One database with a connection that commits each statement; reconnects after restarts."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self._connection = None

    @property
    def url(self):
        return self.server.url(self.name)

    def connect(self):
        """A connection of the caller's own, in transactions."""
        return psycopg2.connect(self.server.dsn(self.name),
                                cursor_factory=psycopg2.extras.RealDictCursor)

    def run(self, statement, parameters=None):
        """Executes, and returns the rows as dictionaries (none: an empty list)."""
        for attempt in (1, 2):
            if self._connection is None or self._connection.closed:
                self._connection = self.connect()
                self._connection.autocommit = True
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(statement, parameters)
                    return [dict(row) for row in cursor.fetchall()] if cursor.description else []
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self._connection.close()
                if attempt == 2:
                    raise

    def row(self, statement, parameters=None):
        """The first row or None."""
        rows = self.run(statement, parameters)
        return rows[0] if rows else None

    def value(self, statement, parameters=None):
        """The first column of the first row or None."""
        row = self.row(statement, parameters)
        return next(iter(row.values())) if row else None

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None
