"""Whatever runs see and in which order: in the end the wallets are what the networks' last words say."""
import decimal
import random

import pytest

from harness.catalog import add_merchant, add_offer

from .effects_fixtures import CREDIT_ON, D, effects, numbers  # noqa: F401

RANK = {"pending": 0, "confirmed": 1, "payable": 2, "paid": 3}


class Model:
    """What each wallet must hold, from the networks' last words alone."""

    def __init__(self, shares):
        self.shares = shares        # by currency and offer: from sale and commission to the share
        self.last = {}              # (network, transaction): what was said last; in the order of first sight

    def wallets(self):
        wallets, taken = {}, set()
        for (network, _), said in self.last.items():
            click = said["click"]
            if click is None or said["state"] == "rejected":
                continue
            order = (click.id, said["order_ref"])
            if said["order_ref"]:
                if order in taken:
                    continue
                taken.add(order)
            if RANK[said["state"]] >= RANK[CREDIT_ON[network]]:
                wallets[click.user] = wallets.get(click.user, D(0)) + self.share(said)
        return wallets

    def share(self, said):
        rate = {"INR": D(1), "USD": D("83.12345678")}.get(said["currency"])
        if rate is None:
            return D(0)
        sale, commission = (self.half_up(D(said[name]) * rate) for name in ("sale", "commission"))
        return self.half_up(min(self.shares[said["click"].offer.id](sale), commission))

    @staticmethod
    def half_up(amount):
        return amount.quantize(D("0.01"), decimal.ROUND_HALF_UP)


@pytest.mark.deadline(240)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_history_ends_in_the_networks_last_words(effects, seed):
    """Transactions change their states, amounts, orders and clicks at random; runs see some of it."""
    dice = random.Random(seed)
    effects.database.run("INSERT INTO exchange_rates (currency, valid_from, rate) VALUES ('USD', '2020-01-01', 83.12345678)")
    capped = add_merchant(effects.database)
    effects.add_rule(capped, cashback_value="7.77", max_cashback="50", min_order_amount="5")
    fixed = add_merchant(effects.database)
    effects.add_rule(fixed, cashback_type="fixed", cashback_value="12.34")
    offers = [effects.offer, add_offer(effects.database, capped), add_offer(effects.database, fixed)]
    model = Model({
        offers[0].id: lambda sale: sale * D("2.5") / 100,
        offers[1].id: lambda sale: min(sale * D("7.77") / 100, D(50)) if sale >= 5 else D(0),
        offers[2].id: lambda sale: D("12.34")})
    users = [effects.user() for _ in range(12)]
    clicks = [effects.click(dice.choice(users), dice.choice(offers)) for _ in range(40)]
    late = [effects.click(dice.choice(users), dice.choice(offers), stored=False) for _ in range(5)]
    missing = dict.fromkeys(late)

    def amount():
        return f"{dice.choice([0, 0, 1, 20, 400])}.{dice.randrange(100):02}"

    for _ in range(12):
        for _ in range(40):
            if model.last and dice.random() < 0.7:
                network, transaction = dice.choice(list(model.last))
                said = dict(model.last[network, transaction])
            else:
                network, transaction = dice.choice(list(CREDIT_ON)), f"T{next(numbers)}"
                said = {"click": dice.choice(clicks + late), "order_ref": dice.choice([None, "A", "B"]), "currency": "INR",
                        "sale": amount(), "commission": amount()}
            said["state"] = dice.choice(["pending", "confirmed", "confirmed", "payable", "paid", "rejected"])
            if dice.random() < 0.3:
                said[dice.choice(["sale", "commission"])] = amount()
            if dice.random() < 0.1:
                said["currency"] = dice.choice(["INR", "USD", "EUR"])
            if dice.random() < 0.1:
                said["order_ref"] = dice.choice([None, "A", "B"])
            if dice.random() < 0.05:
                said["click"] = dice.choice(clicks + late)
            model.last[network, transaction] = said
            columns = {name: value for name, value in said.items() if name != "click"}
            effects.report(said["click"], transaction=transaction, network=network, **columns)
        if dice.random() < 0.7:
            effects.run()
        if missing and dice.random() < 0.5:
            effects.store(missing.popitem()[0])
    for click in missing:
        effects.store(click)
    effects.run()
    expected = model.wallets()
    assert {user: effects.balance(user) for user in users} == {user: expected.get(user, D(0)) for user in users}
    # What was paid and not taken back is what the wallets hold, and no generation is paid beside another.
    assert effects.database.value("SELECT COALESCE(sum(cashback_amount), 0) FROM cashback_events WHERE status = 'paid'") == sum(
        expected.values())
    assert effects.database.run("SELECT source_id FROM cashback_events WHERE status = 'paid' GROUP BY 1 HAVING count(*) > 1") == []
    assert sum(1 for status in ("reversed", "rejected") if effects.database.value(
        "SELECT count(*) FROM cashback_events WHERE status = %s", [status])) == 2, "the histories were too tame"
