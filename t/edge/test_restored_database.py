"""PostgreSQL came back from an older backup: what the edge still keeps is noticed and delivered again."""
from harness.waiting import eventually


def test_settled_segments_are_pending_again_and_can_be_sent(new_shop):
    shop = new_shop()
    offer = shop.offer()
    for _ in range(15):
        shop.click(offer.path)
    eventually(lambda: shop.clicks_of(offer) == 15, "the clicks")
    segment = shop.database.value("SELECT segment FROM offer_clicks LIMIT 1")
    # The new workers take over and put aside what is settled.
    shop.edge.reload()
    eventually(lambda: list(shop.edge.journal.glob(f"settled/*-clicks-{segment}.seg")), "it is put aside", 20)

    shop.sql("DELETE FROM offer_clicks")
    shop.sql("DELETE FROM journal_segments")
    run = shop.couponctl("clicks", "audit", "--journal", shop.edge.journal)
    assert ["pending", "15"] in [line.split() for line in run.stdout.splitlines()], run.stdout

    shop.couponctl("journal", "send", shop.edge.journal, check=True)
    assert shop.clicks_of(offer) == 0  # settled, as far as the edge knows
    sent = shop.couponctl("journal", "send", "--settled", shop.edge.journal, check=True)
    assert shop.clicks_of(offer) == 15, sent.stdout
    run = shop.couponctl("clicks", "audit", "--journal", shop.edge.journal)
    assert run.returncode == 0 and ["pending", "0"] in [line.split() for line in run.stdout.splitlines()], run.stdout
