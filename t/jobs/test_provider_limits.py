"""However many workers send, a provider is called as often as its limit says."""
import time

from harness.message_stand_ins import Reply
from harness.waiting import eventually, stays

from .message_shop import OTP

BURST = 30
RATE = f"{BURST}r/m"   # so many at once, then one every other second


def queue(shop, count):
    return [shop.add_row(data=OTP | {"otp": str(number)}) for number in range(count)]


def within_the_limit(shop, for_s=3):
    """The burst is used, no call too many follows, and it goes on at the rate."""
    calls = shop.provider.sent
    eventually(lambda: len(calls) >= BURST, "the burst is sent", 20)
    # A call may be held up on its way, and the next come right behind it.
    stays(lambda: len(calls) <= BURST + (calls[-1].at - calls[0].at) / 2 + 2, "within the limit", for_s)
    eventually(lambda: len(calls) > BURST, "the rest follows", 20)


def test_workers_share_a_limit(message_shop):
    ids = queue(message_shop, 3 * BURST)
    for _ in range(3):
        message_shop.start_email(SENDGRID_RATE=RATE)
    within_the_limit(message_shop)
    assert 0 < message_shop.redis.pttl("ratelimit:provider:sendgrid") <= 62_000, "what nobody uses goes by itself"
    assert set(message_shop.provider.times_sent()) <= set(ids)
    assert set(message_shop.provider.times_sent().values()) == {1}


def test_without_redis_a_worker_keeps_to_it_alone(new_message_shop):
    shop = new_message_shop(gates=True)
    shop.redis_gate.shut()
    queue(shop, 2 * BURST)
    shop.start_email(SENDGRID_RATE=RATE)
    within_the_limit(shop)
    said = "this process keeps to the provider's limit on its own"
    assert shop.log().count(said) == 1
    shop.redis_gate.open()
    eventually(lambda: "the provider's limit is shared" in shop.log(), "Redis is used again", 30)


def test_what_is_in_the_way_in_redis_stops_nothing(message_shop):
    message_shop.redis.set("ratelimit:provider:sendgrid", "no limit of ours")
    queue(message_shop, BURST)
    message_shop.start_email(SENDGRID_RATE=RATE)
    eventually(lambda: len(message_shop.provider.sent) == BURST, "all are sent", 20)


def test_an_operator_lifts_a_pause(message_shop):
    """By deleting the key: the provider asked for far too long."""
    message_shop.provider.script(Reply(429, headers={"X-RateLimit-Reset": str(int(time.time()) + 3000)}))
    message_shop.start_email()
    message_shop.reaches(message_shop.add_row(), throttled=1)
    later = message_shop.add_row(data=OTP | {"otp": "2"})
    stays(lambda: message_shop.message(later)["starts"] == 0, "it waits", 2)
    assert message_shop.redis.delete("ratelimit:provider:sendgrid") == 1
    message_shop.is_sent(later)
