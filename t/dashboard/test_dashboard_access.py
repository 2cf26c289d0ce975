"""Signing in and out, and what the read-only role may."""
import signal

from harness.waiting import eventually

from .admin_shop import PASSWORDS


def test_sign_in_and_out(page, shop):
    page.expect_problem("401")
    page.open(shop.url)
    page.fill("#user", "asha")
    page.fill("#password", "not the password at all")
    page.press("Enter")
    page.reads("#sign-in-error", "Name or password is not right.")
    assert page.count("#frame[hidden]") == 1
    page.fill("#password", PASSWORDS["asha"][1])
    page.click("role=button[name='Sign in']")
    page.reads("#main h1", "Overview")
    assert page.texts("#who-name, #who-role") == ["asha", "operator"]
    page.reads("#live-text", "live")
    page.call("reload")
    page.reads("#main h1", "Overview")
    page.click("#sign-out")
    page.reads("#sign-in-why", "You are signed out.")
    assert page.evaluate("() => fetch('api/v1/queue/stats').then((answer) => answer.status)") == 401
    page.call("reload")
    page.wait("#sign-in-form")


def test_a_restart_of_the_admin_worker_is_seen_and_asks_to_sign_in_again(signed_in, shop):
    page = signed_in(section="webhooks")
    page.expect_problem("502")
    page.expect_problem("401")
    page.expect_problem("ERR_INCOMPLETE_CHUNKED_ENCODING")
    page.expect_problem("net::ERR")
    page.reads("#live-text", "live")
    shop.admin.stop(signal.SIGTERM)
    page.reads("#live-text", "reconnecting")
    page.click("role=button[name='Refresh']")
    page.reads("#main [role=alert]", "The admin worker does not answer.")
    shop.start_admin()
    page.reads("#sign-in-why", "Your session has ended.", within_s=30)
    page.fill("#user", "asha")
    page.fill("#password", PASSWORDS["asha"][1])
    page.press("Enter")
    page.reads("#main h1", "Webhooks")
    page.reads("#live-text", "live")


def test_the_read_only_role_is_offered_nothing(signed_in, shop):
    id = shop.dead_mail("for somebody who may only look")
    page = signed_in("ravi", "dead/email")
    page.reads("#who-role", "read-only")
    page.reads("tbody", "for somebody who may only look")
    assert page.count("#main >> role=button[name=/retry|purge/i]") == 0 and page.count("#main input[type=checkbox]") == 0
    page.click(f"role=button[name=/{id}/]")
    page.reads("dialog", "for somebody who may only look")
    assert page.count("dialog >> role=button[name=/retry|purge|personal/i]") == 0
    page.press("Escape")
    page.click("#sections >> text=Cron")
    page.wait("role=button[name=/^History of/]")
    assert page.count("role=button[name=/^Run/]") == 0


def test_the_server_refuses_the_read_only_role_whatever_the_page_offers(signed_in, shop):
    page = signed_in("ravi")
    id = shop.dead_mail("nobody may touch this")
    page.expect_problem("403")
    page.call("alter", url="**/api/v1/session", changes={"role": "operator"})
    page.call("goto", url=f"{shop.url}#/dead/email?q={id}")
    page.call("reload")
    page.reads("#who-role", "operator")
    page.reads("tbody", "nobody may touch this")
    page.click("role=checkbox[name=/^Select [^a]/]")
    for act in ("Retry", "Purge"):
        page.click(f"role=button[name='{act} selected (1)']")
        page.fill("dialog textarea", "trying it")
        page.click(f"dialog >> role=button[name='{act} 1 dead letter']")
        refused = page.reads("dialog .error", "operator")
        assert len(refused) > 15, refused
        page.press("Escape")
    assert shop.mail(id)["status"] == "failed" and shop.audited(id) == []
    eventually(lambda: page.count("dialog") == 0, "no question is left")
