"""The page itself: hostile texts, the keyboard, small screens, light and dark."""
import json
import pathlib
import uuid

import pytest

from harness import webhooks
from harness.waiting import eventually

from .admin_shop import PASSWORDS

SECTIONS = ["overview", "dead/email", "delayed/email", "webhooks", "cron", "offers", "audit"]
CONTRAST = pathlib.Path(__file__).with_name("contrast.js").read_text()
LOADED = "#main tbody tr:visible, #main .empty:visible"
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def busy(shop):
    """A shop with something in each section."""
    offer = shop.offer()
    for answer in [shop.click(offer.path) for _ in range(12)]:
        shop.stored(answer)
    for number in range(6):
        shop.dead_mail("sendgrid answered 400: The from address does not match a verified Sender Identity. Mail cannot be"
                       " sent until this error is resolved.", to=f"visitor{number}@example.com")
    shop.dead_mail("a_word_without_any_end_" * 30)
    webhooks.razorpay().send(shop.edge.port())
    webhooks.hmac_provider().send(shop.edge.port())
    shop.database.run("INSERT INTO email_queue (type, \"to\", data, scheduled_at, idempotency_key) VALUES ('voucher',"
                      " 'later@example.com', '{}', now() + interval '3 hours', %s)", [str(uuid.uuid4())])
    return shop


def test_texts_of_strangers_are_shown_as_text(signed_in, shop):
    evil = "<img src=x onerror=\"window.reached=1\"><script>window.reached=2</script> \u202egnp.exe\u202c \u200bend"
    shown = "<img src=x onerror=\"window.reached=1\"><script>window.reached=2</script> ‹U+202E›gnp.exe‹U+202C› ‹U+200B›end"
    id = shop.dead_mail(evil, data=json.dumps({"name": evil, "otp": "1", "note": [evil]}))
    webhook = webhooks.razorpay(webhooks.to_json({"event": evil[:60], "payload": {"note": evil}}))
    assert webhook.send(shop.edge.port()).status == 200
    page = signed_in(section=f"dead/email?q={id}")
    assert shown in page.reads("tbody", "gnp.exe")
    page.click(f"role=button[name=/{id}/]")
    assert shown in page.reads("dialog.details", "gnp.exe")
    page.press("Escape")
    page.call("goto", url=f"{shop.url}#/webhooks")
    page.click("role=button[name=/razorpay <img/]")
    page.reads("dialog.details", "<script>window.reached")
    page.call("goto", url=f"{shop.url}#/audit")
    page.wait("tbody tr")
    assert page.evaluate("() => [window.reached, document.querySelectorAll('#main img, dialog img, body script').length]") == [None, 0]


def test_everything_is_within_the_keyboards_reach(page, shop):
    id = shop.dead_mail("reached by keyboard alone")
    page.open(f"{shop.url}#/dead/email?q={id}")
    page.wait("#user")
    assert page.focused()[1] == "user"
    page.call("type", text="asha")
    page.press("Tab")
    page.call("type", text=PASSWORDS["asha"][1])
    page.press("Enter")
    page.reads("tbody", "reached by keyboard alone")
    page.press("Shift+Tab")
    for _ in range(20):
        if page.focused()[1] == "skip":
            break
        page.press("Shift+Tab")
    assert page.focused()[1] == "skip"
    page.press("Enter")
    assert page.focused()[1] == "main"

    def tab_to(name, most=40):
        for _ in range(most):
            page.press("Tab")
            if name in page.focused()[1]:
                return
        raise AssertionError(f"Tab never comes to {name}")
    tab_to(id)
    page.press("Space")
    page.reads("#main", "Retry selected (1)")
    assert id in page.focused()[1], "the focus was lost with the row that changed"
    tab_to(f" {id}")
    page.press("Enter")
    page.reads("dialog.details", "reached by keyboard alone")
    for _ in range(8):
        page.press("Tab")
        assert page.focused()[2] or page.focused()[0] == "body", "the focus left the dialog"
    page.press("Escape")
    page.gone("dialog")
    assert id in page.focused()[1], "the focus did not come back"


def test_the_chart_speaks(signed_in, shop):
    shop.database.run("INSERT INTO worker_rates (role, minute, jobs) SELECT 'email', date_trunc('minute', now()) - n * interval"
                      " '1 minute', 600 + n FROM generate_series(0, 50) n ON CONFLICT DO NOTHING")
    page = signed_in()
    area = ".rates [role=slider]"
    eventually(lambda: page.count(f"{area} .line.tone-email") == 1, "a line of the e-mails")
    page.evaluate("() => document.querySelector('.rates [role=slider]').focus()")
    page.press("End", "ArrowLeft", "ArrowLeft")
    said = [page.attribute(area, "aria-valuetext")]
    page.press("ArrowLeft")
    said.append(page.attribute(area, "aria-valuetext"))
    assert said[0] != said[1] and all("email" in text and text.endswith("jobs per minute") for text in said), said
    page.reads(f"{area} .tip", "email")
    page.click(".rates >> role=button[name='email']")
    assert "email" not in page.attribute(area, "aria-valuetext")
    page.click(".rates summary")
    eventually(lambda: page.count(".rates tbody tr") >= 50, "the same as a table")


@pytest.mark.parametrize("width, height, dark", [(390, 844, False), (390, 844, True), (1280, 800, False), (1280, 800, True),
                                                 (1920, 1080, False)], ids=str)
def test_every_section_fits_and_can_be_read(signed_in, busy, width, height, dark):
    phone = width < 500
    page = signed_in(width=width, height=height, dark=dark, phone=phone, reduced=phone)
    page.reads("#live-text", "live")
    for section in SECTIONS:
        page.call("goto", url=f"{busy.url}#/{section}")
        page.wait(LOADED)
        eventually(lambda: page.count("#main [aria-busy=true]") == 0, "everything is loaded")
        name = f"{section.replace('/', '-')}-{width}-{'dark' if dark else 'light'}"
        page.screenshot(name)
        assert page.evaluate(OVERFLOW) <= 0, f"{section} is wider than the screen"
        assert page.evaluate(CONTRAST) == [], section
        assert page.texts("#main [role=alert]") == [], section
    page.call("goto", url=f"{busy.url}#/dead/email")
    page.click("#main tbody >> role=button")
    page.reads("dialog", "Attempts")
    page.screenshot(f"details-{width}-{'dark' if dark else 'light'}", whole=False)
    assert page.evaluate(OVERFLOW) <= 0 and page.evaluate(CONTRAST) == []
    page.click("dialog >> role=button[name='Purge']")
    page.wait("dialog.ask")
    page.screenshot(f"question-{width}-{'dark' if dark else 'light'}", whole=False)
    assert page.evaluate(OVERFLOW) <= 0 and page.evaluate(CONTRAST) == []


def test_the_smallest_phone(signed_in, busy):
    page = signed_in(width=360, height=740, phone=True)
    for section in SECTIONS:
        page.call("goto", url=f"{busy.url}#/{section}")
        page.wait(LOADED)
        eventually(lambda: page.count("#main [aria-busy=true]") == 0, "everything is loaded")
        assert page.evaluate(OVERFLOW) <= 0, f"{section} is wider than the screen"
