"""Fixtures of the tests about text messages."""
import functools
import json
import pathlib
import shutil
import urllib.parse

import pytest

from harness.environment import CHECKOUT, COUPON_WORKER, fresh_directory
from harness.process import Process

from .message_shop import MessageShop
from .paying_shop import record

OTP = "482913"
NUMBER = "9876543210"  # as sms_queue."to" and the providers hold it, without what stands before it


class SmsShop(MessageShop):
    """Nothing it writes down may hold a password or a whole number."""

    def close(self):
        try:
            written = [row["text"] for row in self.database.run(
                "SELECT last_error AS text FROM sms_queue WHERE last_error IS NOT NULL"
                " UNION ALL SELECT reason FROM message_events WHERE reason IS NOT NULL")] + [self.log()]
        finally:
            super().close()
        for word in (OTP, NUMBER):
            assert not [text for text in written if word in text], f"{word} stands in a log or a reason"

    def run_sms(self, *arguments, **settings):
        """A worker that is not expected to stay."""
        worker = Process([COUPON_WORKER, "sms", *arguments], self.directory / "ended.log", self.environment | settings)
        self.closing.callback(worker.kill)
        return worker

    # --- what providers were asked

    @property
    def flows(self):
        """Bodies of the calls to MSG91."""
        return [call.json for call in self.provider.calls("/api/v5/flow")]

    @property
    def texts(self):
        """Forms of the messages given to Twilio."""
        return [call.form for call in self.provider.calls("/2010-04-01/") if call.method == "POST"]

    def sms(self, id):
        return self.message(id, "sms")

    def sms_reaches(self, id, within_s=20, **columns):
        return self.reaches(id, "sms", within_s, **columns)

    def sms_sent(self, id):
        return self.is_sent(id, "sms")

    def sms_dead(self, id):
        """Why it is a dead letter."""
        return self.sms_reaches(id, status="failed")["last_error"]

    def hurry(self):
        """What waits for its next try is due now."""
        self.database.run("UPDATE sms_queue SET scheduled_at = now() WHERE status = 'pending'")

    # --- delivery reports

    def report(self, provider, fields, **settings):
        self.push(record(provider, urllib.parse.urlencode(fields), **settings))


CASHBACK = {"cashback_event_id": 3, "cashback_amount": 250}
# A registered advertisement.
SALE = json.dumps({"category": "promotional", "text": "{{name}}, everything is cheaper today.",
                   "variables": [{"name": "name", "msg91": "name", "kind": "text", "from": "name"}]})


def templates(**files):
    """A TEMPLATE_DIR: ours, and sms/<name>.json of these."""
    folder = fresh_directory("templates")
    shutil.copytree(CHECKOUT / "workers" / "templates", folder, dirs_exist_ok=True)
    for name, text in files.items():
        pathlib.Path(folder, "sms", f"{name}.json").write_text(text)
    return str(folder)


@pytest.fixture
def new_sms_shop(new_shop_of):
    return functools.partial(new_shop_of, SmsShop)


@pytest.fixture
def sms_shop(new_sms_shop):
    """A SmsShop whose workers the test starts itself."""
    return new_sms_shop()
