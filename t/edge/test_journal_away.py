"""A journal that cannot be opened costs no redirect; what it could not keep is counted."""
import shutil

from harness.environment import AS_ROOT
from harness.waiting import eventually


def test_redirects_go_on_and_the_journal_is_opened_later(new_shop):
    shop = new_shop(start=False)
    offer = shop.offer()
    shop.edge.journal.mkdir(mode=0o700)
    if AS_ROOT:
        shutil.chown(shop.edge.journal, "nobody")
    obstacle = shop.edge.journal / "writers"
    obstacle.write_text("not a folder")
    shop.edge.start()

    assert shop.click(offer.path).headers["x-verdict"] == "unjournaled"
    assert "redirects go on unjournaled until it can be opened" in shop.edge.log()

    obstacle.unlink()
    eventually(lambda: shop.click(offer.path).headers["x-verdict"] == "redirect", "the journal is opened", 15)
    eventually(lambda: shop.clicks_of(offer) >= 1, "its clicks arrive", 15)
    eventually(lambda: shop.database.value("SELECT sum(unjournaled) FROM journal_segments") >= 1,
               "what was not kept is counted", 15)
