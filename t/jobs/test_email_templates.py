"""couponctl templates, and coupon-worker email --check."""
import json
import os
import shutil
import subprocess

import pytest

from harness.environment import COUPON_WORKER, COUPONCTL
from harness.message_stand_ins import Reply

from .test_email_mails import SHOWN, TEMPLATES, TYPES

SETTINGS = {"SHOP_NAME": "The Shop", "FROM_EMAIL": "shop@shop.test"}


def couponctl(*words, given=None, **environment):
    return subprocess.run([COUPONCTL, "templates", *map(str, words)], capture_output=True, text=True, timeout=30,
                          input=given, env={**os.environ, **SETTINGS, **environment})


@pytest.fixture
def folder(tmp_path):
    """A copy of the templates that a test may change."""
    shutil.copytree(TEMPLATES, tmp_path / "email")
    return tmp_path


def test_the_list():
    run = couponctl("list")
    assert run.returncode == 0 and [line.split()[0] for line in run.stdout.splitlines()] == sorted(TYPES)
    assert "cashback_pending  not sent to those who unsubscribed" in run.stdout


@pytest.mark.parametrize("name", TYPES)
def test_a_sample_is_shown_as_it_would_arrive(name, tmp_path):
    run = couponctl("render", name, "--html", tmp_path / "out.html")
    assert run.returncode == 0 and run.stdout.startswith("Subject: "), run.stderr
    html = (tmp_path / "out.html").read_text()
    for words in SHOWN[name]:
        assert words in run.stdout and words in html
    assert html.startswith("<!DOCTYPE html>") and 'name="color-scheme"' in html and "<img" not in html


def test_data_from_a_file_and_from_standard_input(tmp_path):
    data = json.dumps({"otp": "9911", "valid_minutes": 3})
    (tmp_path / "data.json").write_text(data)
    for run in (couponctl("render", "otp", "--data", tmp_path / "data.json", "--text", "-"),
                couponctl("render", "otp", "--data", "-", given=data)):
        assert run.returncode == 0 and "9911" in run.stdout and "3 minutes" in run.stdout
    run = couponctl("render", "otp", "--text", tmp_path / "out.txt", "--html", "-")
    assert run.stdout.startswith("Subject: Your The Shop code\n<!DOCTYPE html>")
    assert "482913" in (tmp_path / "out.txt").read_text()


@pytest.mark.parametrize("words, given, code, says", [
    (["render", "otp", "--data", "-"], "{}", 1, "the variable otp is missing or empty"),
    (["render", "otp", "--data", "-"], "[]", 2, "--data: not a JSON object"),
    (["render", "otp", "--data", "/nonexistent"], None, 2, "/nonexistent"),
    (["render", "nothing", "--data", "-"], "{}", 1, "no e-mail template for the type \"nothing\""),
    (["render", "otp", "--html", "/nonexistent/x"], None, 1, "--html: the file cannot be written"),
    (["render"], None, 2, "name")])
def test_what_cannot_be_rendered(words, given, code, says):
    run = couponctl(*words, given=given)
    assert run.returncode == code and says in run.stderr, run.stderr


def test_other_templates(folder):
    (folder / "email" / "otp.subject.mustache").write_text("Code {{otp}}\n")
    assert couponctl("render", "otp", TEMPLATE_DIR=str(folder)).stdout.startswith("Subject: Code 482913\n")
    run = couponctl("list", TEMPLATE_DIR="/nonexistent")
    assert run.returncode == 2 and "/nonexistent" in run.stderr


class TestCheck:
    @pytest.fixture
    def check(self, message_shop):
        def run(**environment):
            settings = {**os.environ, **message_shop.environment, **environment}
            return subprocess.run([COUPON_WORKER, "email", "--check"], capture_output=True, text=True, timeout=30,
                                  env={name: value for name, value in settings.items() if value is not None})
        return run

    def test_all_is_well(self, check):
        run = check()
        assert run.returncode == 0, run.stderr

    @pytest.mark.parametrize("environment, says", [
        ({"SENDGRID_API_KEY": None}, "SENDGRID_API_KEY is not set"), ({"FROM_EMAIL": None}, "FROM_EMAIL is not set"),
        ({"FROM_EMAIL": "shop"}, "FROM_EMAIL is no e-mail address"), ({"SENDGRID_RATE": "fast"}, "SENDGRID_RATE"),
        ({"EMAIL_PROVIDERS": "sendgrid,smtp"}, "SMTP_URL is not set"), ({"OTP_VALID_SECONDS": "0"}, "OTP_VALID_SECONDS"),
        ({"UNSUBSCRIBE_URL": "shop.test"}, "UNSUBSCRIBE_URL is no absolute"), ({"REDIS_URL": "redis://127.0.0.1:9/0"}, "Redis"),
        ({"TEMPLATE_DIR": "/nonexistent"}, "/nonexistent/email")])
    def test_what_is_wrong_is_said(self, check, environment, says):
        run = check(**environment)
        assert run.returncode == 1 and says in run.stderr, run.stderr
        assert "SG.secret-key" not in run.stderr

    def test_a_sample_that_lacks_something(self, check, folder):
        (folder / "email" / "welcome.sample.json").write_text("{}")
        run = check(TEMPLATE_DIR=str(folder))
        assert run.returncode == 1 and "welcome.sample.json" in run.stderr and "verify_url" in run.stderr

    def test_it_sends_nothing(self, check, message_shop):
        message_shop.provider.rule = lambda sent: Reply(500)
        check()
        assert not message_shop.provider.sent
