"""What tests of the cron engine look at: runs, leaders, and jobs that take their time."""
import datetime
import json

from harness.catalog import add_merchant
from harness.waiting import eventually

UTC = datetime.timezone.utc


def runs(shop, job=None, **columns):
    rows = shop.database.run("SELECT * FROM cron_runs WHERE job = %s OR %s IS NULL ORDER BY id", [job, job])
    return [row for row in rows if all(row[name] == value for name, value in columns.items())]


def run_of(shop, number):
    return shop.database.row("SELECT * FROM cron_runs WHERE id = %s", [number])


def reaches(shop, number, status, within_s=30):
    """Waits until the run is of that status; its row."""
    def reached():
        row = run_of(shop, number)
        return row if row["status"] == status else None
    try:
        return eventually(reached, f"run {number} is {status}", within_s)
    except AssertionError as error:
        raise AssertionError(f"{error}\nit is {run_of(shop, number)}\n{shop.log()[-3000:]}") from None


def jobs(shop):
    return {row["name"]: row for row in shop.database.run("SELECT * FROM cron_jobs")}


def leader(shop):
    return shop.database.value("SELECT max(leader) FROM cron_jobs")


def worker_id(shop, worker):
    """Whose heartbeat has its pid; kept for when it is dead."""
    if not hasattr(worker, "cron_id"):
        prefix = "worker:heartbeat:"
        worker.cron_id = next(key.removeprefix(prefix) for key in shop.redis.scan_iter(f"{prefix}cron:*")
                              if json.loads(shop.redis.get(key))["pid"] == worker.pid)
    return worker.cron_id


def leads(shop, worker=None, within_s=30):
    """Waits until that worker leads, or any does; the leader's id."""
    wanted = worker and worker_id(shop, worker)
    return eventually(lambda: leader(shop) == wanted if wanted else leader(shop), "a worker leads", within_s) and leader(shop)


def add_offers(shop, count, over=True):
    """Active offers whose time is over, or is not; their ids."""
    merchant = add_merchant(shop.database)
    rows = shop.database.run(
        "INSERT INTO offers (merchant_id, title, is_verified, expires_at) SELECT %s, 'offer ' || n, true,"
        " now() + CASE WHEN %s THEN interval '-1 hour' ELSE interval '1 hour' END FROM generate_series(1, %s) n RETURNING id",
        [merchant.id, over, count])
    return [row["id"] for row in rows]


def add_holds(shop, count, user=None):
    """A user with 1 rupee in each of so many holds, whose time is over."""
    user = user or shop.database.value("INSERT INTO users (email) VALUES (gen_random_uuid() || '@example.com') RETURNING id")
    shop.database.run("SELECT wallet_post('money:' || %s, 'cashback', %s, %s, 'test', '1')", [user, user, count])
    shop.database.run("SELECT wallet_hold('hold:' || %s || ':' || n, %s, 1, 'withdrawal', n::text, now() - interval '1 minute')"
                      " FROM generate_series(1, %s) n", [user, user, count])
    return user


def slow(shop, table, seconds, each="STATEMENT"):
    """Every UPDATE of the table that changes something takes that long, or of each row of it."""
    shop.database.run("CREATE OR REPLACE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS"
                      " $$ BEGIN PERFORM pg_sleep(TG_ARGV[0]::float8); RETURN NULL; END $$")
    shop.database.run(f"CREATE OR REPLACE TRIGGER take_time AFTER UPDATE ON {table} FOR EACH {each}"
                      f" EXECUTE FUNCTION take_time({float(seconds)})")


def count_changes(shop):
    """From now on each change of an offer from active to not is a row of offer_changes, with who made it."""
    shop.database.run("CREATE TABLE offer_changes (offer_id bigint, pid int DEFAULT pg_backend_pid(),"
                      " at timestamptz DEFAULT statement_timestamp())")
    shop.database.run("CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS"
                      " $$ BEGIN INSERT INTO offer_changes (offer_id) VALUES (NEW.id); RETURN NULL; END $$")
    shop.database.run("CREATE TRIGGER note_change AFTER UPDATE OF is_active ON offers FOR EACH ROW"
                      " EXECUTE FUNCTION note_change()")


def changes(shop):
    return [row["offer_id"] for row in shop.database.run("SELECT offer_id FROM offer_changes ORDER BY offer_id")]
