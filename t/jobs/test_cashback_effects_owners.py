"""Whose a transaction is: from its sub-id to a click and its user, or why it is nobody's."""
import datetime
import uuid

from harness.shop import migrate

from .effects_fixtures import D, DAY, OCCURRED, UTC, Effects, click_id, effects  # noqa: F401


def test_reasons_why_nobody_gets_it(effects):
    known = effects.click()
    tagged_wrong = known.id[:-1] + ("0" if known.id[-1] != "0" else "1")
    twice = [effects.click(frontend_click_id="fe-twice") for _ in range(2)]
    gone = effects.click()
    gone.columns["click_id"] = click_id(gone.at)
    gone.columns["user_id"] = 999_999_999
    effects.store(gone)
    offerless = effects.click(stored=False)
    offerless.columns["offer_id"] = 999_999_999
    effects.store(offerless)
    merchantless = effects.click(stored=False)
    merchantless.columns["merchant_id"] = 999_999_999
    effects.store(merchantless)
    long_ago = effects.click(at=OCCURRED - 30 * DAY - datetime.timedelta(seconds=1))
    later = effects.click(at=OCCURRED + datetime.timedelta(minutes=61))
    expected = {
        None: "there is no sub-id", tagged_wrong: "the click id's tag is wrong",
        click_id(OCCURRED): "there is no such click", "who-knows": "there is no such click", "x" * 500: "there is no such click",
        "fe-twice": "several clicks have this id", effects.click(None).id: "the click has no user",
        effects.click(flags=["bot"]).id: "the click is a bot's", effects.click(flags=["sig_bad", "head"]).id: "the click is a bot's",
        long_ago.id: "the purchase was more than 30 days after the click", later.id: "the purchase was before the click",
        gone.columns["click_id"]: "the user is gone", offerless.id: "the offer is gone", merchantless.id: "the merchant is gone"}
    reports = {effects.report(subid): reason for subid, reason in expected.items()}
    for _ in range(2):
        effects.run()
        assert {transaction: effects.unmatched(transaction) for transaction in reports} == reports
    assert effects.database.value("SELECT count(*) FROM cashback_events") == 0
    assert effects.database.value("SELECT count(*) FROM affiliate_transactions WHERE user_id IS NOT NULL") == 0
    assert twice[0].user != twice[1].user
    # Said once, however often it is looked at.
    assert effects.database.value("SELECT count(*) FROM cashback_transitions WHERE to_state = 'unmatched'") == len(reports)


def test_the_edges_of_the_window(effects):
    last = effects.click(at=OCCURRED - 30 * DAY)
    skewed = effects.click(at=OCCURRED + datetime.timedelta(minutes=59))
    for click in (last, skewed):
        effects.report(click)
    effects.run()
    assert effects.balance(last.user) == effects.balance(skewed.user) == D("25.00")


def test_a_front_ends_own_id(effects):
    """One click has it; a bot that opened the link as well does not matter."""
    click = effects.click(frontend_click_id="fe-1")
    effects.click(frontend_click_id="fe-1", flags=["bot"])
    effects.report("fe-1")
    theirs = effects.click(frontend_click_id=str(uuid.uuid4()))
    effects.report(theirs.columns["frontend_click_id"])
    effects.run()
    assert effects.balance(click.user) == effects.balance(theirs.user) == D("25.00")


def test_clicks_that_another_program_recorded(effects):
    """Their ids are of any version, and their time is not in them."""
    click = effects.click(stored=False)
    click.columns["click_id"] = click.id = str(uuid.uuid4())
    effects.store(click)
    effects.report(click)
    effects.run()
    assert effects.balance(click.user) == D("25.00")


def test_clicks_from_before_the_migration(postgres, new_job_shop):
    """A plain offer_clicks of FastAPI's, which became offer_clicks_legacy."""
    old = postgres.create_database()
    old.run("CREATE TABLE offer_clicks (id serial PRIMARY KEY, click_id varchar(36) NOT NULL, offer_id integer, user_id integer,"
            " frontend_click_id varchar(64), clicked_at timestamp)")
    migrate(old)
    old.close()
    effects = Effects(new_job_shop(template=old.name))
    clicks = [effects.click(stored=False, frontend_click_id=name) for name in ("fe-old", None)]
    for click in clicks:
        del click.columns["merchant_id"]
        effects.store(click, "offer_clicks_legacy")
    effects.report("fe-old")
    effects.report(clicks[1])
    effects.run()
    assert [effects.balance(click.user) for click in clicks] == [D("25.00")] * 2
    effects.assert_sound()


def test_a_click_that_is_stored_after_its_transaction(effects):
    click = effects.click(stored=False)
    transaction = effects.report(click)
    effects.run()
    assert effects.unmatched(transaction) == "there is no such click"
    effects.store(click)
    effects.run()
    assert effects.unmatched(transaction) is None
    assert effects.balance(click.user) == D("25.00")


def test_old_unmatched_ones_are_looked_at_in_turn(effects):
    """Ten thousand younger ones without a click starve nobody, and what no click can heal is left alone."""
    effects.database.run(
        "INSERT INTO affiliate_transactions (network, transaction_id, state, subid, unmatched, effect_state, processed, problem)"
        " SELECT 'admitad', 'U' || n, 'pending', 'u' || n, 'there is no such click', 'pending', 1, NULL"
        "  FROM generate_series(1, 10000) AS n")
    click = effects.click(stored=False)
    transaction = effects.report(click, first_seen_at=datetime.datetime.now(UTC) - 20 * DAY)
    rejected = effects.report(click_id(OCCURRED), "rejected")
    hopeless = effects.report(None)
    effects.run()
    effects.store(click)
    for _ in range(2):
        effects.run()
    assert effects.balance(click.user) == D("25.00")
    assert [effects.transaction(one)["version"] for one in (rejected, hopeless)] == [1, 1]


def test_a_click_may_be_purged_once_it_is_matched(effects):
    click = effects.click()
    transaction = effects.report(click)
    effects.run()
    effects.database.run("DELETE FROM offer_clicks")
    effects.report(click, "paid", transaction)
    effects.run()
    assert effects.balance(click.user) == D("25.00")
    effects.report(click, "rejected", transaction)
    effects.run()
    assert effects.balance(click.user) == 0


def test_a_transaction_that_turns_out_to_be_anothers(effects):
    first, second = effects.click(), effects.click()
    transaction = effects.report(first)
    effects.run()
    effects.report(second, transaction=transaction)
    effects.run()
    assert (effects.balance(first.user), effects.balance(second.user)) == (0, D("25.00"))
    assert effects.events(transaction) == [("reversed", D("25.00")), ("paid", D("25.00"))]
