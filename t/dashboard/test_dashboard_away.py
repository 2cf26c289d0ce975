"""What the page says while Redis or PostgreSQL is away."""
from harness.waiting import eventually


def test_redis_away_is_said_and_makes_nobody_gone(signed_in, gated_shop):
    page = signed_in(at=gated_shop)
    page.reads(".workers tbody", "alive")
    gated_shop.redis_gate.shut()
    try:
        page.reads(".problems", "Redis cannot be reached", within_s=30)
        page.reads(".workers tbody", "not known")
        assert not any("gone" in text for text in page.texts("#notices, .problems, .workers tbody"))
        page.screenshot("redis-away")
    finally:
        gated_shop.redis_gate.open()
    page.reads(".workers tbody", "alive", within_s=30)
    assert not any("Redis cannot be reached" in text for text in page.texts(".problems"))


def test_postgresql_away_is_said_and_what_is_known_stays(signed_in, gated_shop):
    page = signed_in(at=gated_shop)
    page.expect_problem("503")
    page.reads(".workers tbody", "alive")
    page.reads(".queues tbody", "email")
    gated_shop.postgres_gate.shut()
    try:
        page.reads(".problems", "PostgreSQL cannot be reached", within_s=30)
        assert any("alive" in text for text in page.texts(".workers tbody"))
        page.call("goto", url=f"{gated_shop.url}#/dead/email")
        page.reads("#main [role=alert]", "PostgreSQL", within_s=30)
        page.screenshot("postgresql-away")
    finally:
        gated_shop.postgres_gate.open()


    def back():
        if page.count("#main .empty:visible"):
            return True
        if page.count("#main >> role=button[name='Try again']"):
            page.click("#main >> role=button[name='Try again']")
        return False
    eventually(back, "the list, once asked for again", 60, every_s=0.5)
