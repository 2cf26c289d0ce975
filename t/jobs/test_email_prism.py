"""SendGrid's own description of its API judges every mail that is sent to it.

The description: COUPON_SENDGRID_OPENAPI, or data/sendgrid-mail-v3.openapi.json of the folder `shared` beside the
checkout. The judge, prism, is installed once, outside of the checkout: COUPON_PRISM, or ~/.cache/coupon-prism.
"""
import copy
import json
import os
import pathlib
import urllib.error
import urllib.request

import pytest

from harness.environment import CHECKOUT, fresh_directory
from harness.npm import npm_packages
from harness.process import Process, accepts_connections, free_port

from .test_email_mails import TYPES, UNSUBSCRIBE, sample

PRISM = {"@stoplight/prism-cli": "5.16.0"}
START_DEADLINE_S = 60


@pytest.fixture(scope="module")
def prism():
    """prism's address."""
    description = pathlib.Path(os.environ.get("COUPON_SENDGRID_OPENAPI")
                               or CHECKOUT.parent / "shared" / "data" / "sendgrid-mail-v3.openapi.json")
    if not description.exists():
        pytest.skip(f"SendGrid's description is not there: {description}")
    folder = npm_packages("COUPON_PRISM", PRISM, within_s=110)
    port = free_port()
    process = Process(["node", folder / "node_modules" / ".bin" / "prism", "mock", "--errors", "-h", "127.0.0.1", "-p", port,
                       description], fresh_directory("prism") / "prism.log")
    try:
        process.expect(lambda: accepts_connections(port), "prism listens", START_DEADLINE_S)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()


def judge(prism, body):
    request = urllib.request.Request(f"{prism}/v3/mail/send", json.dumps(body).encode(), {
        "Content-Type": "application/json", "Authorization": "Bearer key"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.deadline(180)
def test_every_mail_is_accepted(prism, message_shop):
    message_shop.start_email(SENDGRID_BASE_URL=prism, UNSUBSCRIBE_URL=UNSUBSCRIBE)
    ids = [message_shop.push_email(name, data=sample(name)) for name in TYPES]
    ids.append(message_shop.push_email("order_confirmation", data={"order_id": 1, "total_amount": 1, "name": "Rao, अंजलि; 😀"}))
    for id in ids:
        message_shop.is_sent(id)


def without(body, *path):
    body = copy.deepcopy(body)
    at = body
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return body


@pytest.mark.deadline(180)
def test_the_judge_knows_a_broken_one(prism, message_shop):
    """One of our own requests, and the same with something missing or wrong."""
    message_shop.start_email()
    message_shop.is_sent(message_shop.push_email())
    good = message_shop.provider.posts[0].json
    assert judge(prism, good) == 202
    for path in (["personalizations"], ["from"], ["from", "email"], ["personalizations", 0, "to"],
                 ["content", 0, "value"]):
        assert judge(prism, without(good, *path)) >= 400, path
    assert judge(prism, good | {"from": {"email": "no address"}}) >= 400
    assert judge(prism, good | {"categories": ["x" * 256]}) >= 400
    assert judge(prism, good | {"subject": ""}) >= 400
