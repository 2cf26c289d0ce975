"""A job that another worker has by now goes no step further."""
import pytest

from harness.waiting import eventually

from .cron_runs import slow

WEBHOOKS = ("INSERT INTO webhook_logs (id, received_at, provider, verdict, status) SELECT gen_random_uuid(),"
            " now() - interval '31 days', 'p', 'accepted', 'completed' FROM generate_series(1, 12000)")
MAILS = ("INSERT INTO email_queue (type, \"to\", data, status, finished_at) SELECT 'otp', 'a@example.com', '{\"code\": 1}',"
         " 'completed', now() - interval '31 days' FROM generate_series(1, 30000)")
CLICKS = ("INSERT INTO offer_clicks (clicked_at, user_agent) SELECT now() - interval '800 days', repeat('x', 1000)"
          " FROM generate_series(1, 12000)")


@pytest.mark.parametrize("rows, slow_table, left", [
    (WEBHOOKS, "archived_files", "SELECT count(*) FROM webhook_logs"),
    (MAILS, "email_queue", "SELECT count(*) FROM email_queue WHERE data::text <> '{}'"),
    (CLICKS, "offer_clicks_default", "SELECT count(*) FROM offer_clicks WHERE user_agent IS NOT NULL"),
], ids=["archive", "messages", "clicks"])
def test_a_step_that_is_another_worker_s_is_not_taken(new_cron_shop, tmp_path, rows, slow_table, left):
    shop = new_cron_shop(settings={"ARCHIVE_DIR": str(tmp_path)})
    shop.database.run(rows)
    all_rows = shop.database.value(left)
    slow(shop, slow_table, 1)
    shop.start_cron()
    number = shop.ask_for("clean_logs")
    eventually(lambda: shop.database.value(left) < all_rows, "the first step is taken", 60)
    # Begun so often that nobody begins it again.
    shop.database.run("UPDATE cron_runs SET worker = 'cron:elsewhere:1', takeovers = 3 WHERE id = %s", [number])
    eventually(lambda: shop.database.value("SELECT status FROM cron_runs WHERE id = %s", [number]) == "interrupted",
               "the run is given up", 60)
    eventually(lambda: "another worker has this run by now" in shop.log(), "the worker lets go of it", 60)
    assert 0 < shop.database.value(left) < all_rows
