"""Who gets into the admin worker and what they may do, through NGINX and directly at its socket."""
import json

import pytest
from harness.environment import COUPON_WORKER
from harness.process import Process
from harness.waiting import eventually

from .admin_shop import OPERATOR, READER

OPERATOR_ONLY = "api/v1/queue/dlq/email/retry"


@pytest.fixture(params=["nginx", "socket"])
def visitor(request, fronted_admin_shop):
    """Somebody who is not signed in yet."""
    return fronted_admin_shop.client(through_nginx=request.param == "nginx")


def test_signing_in_opens_a_session_and_signing_out_ends_it(visitor, fronted_admin_shop):
    answer = visitor.sign_in(*OPERATOR)
    assert answer.status == 200 and answer.json == {"user": "olivia", "role": "operator", "csrf": visitor.csrf}
    assert visitor.get("api/v1/session").json == answer.json
    assert visitor.get("metrics").status == 200
    cookie = visitor.cookie
    left = visitor.delete("api/v1/session")
    assert left.status == 204 and "coupon_admin=;" in left.headers["set-cookie"]
    visitor.cookie = cookie
    assert visitor.get("api/v1/session").code == "unauthorized"
    assert [(row["actor"], row["action"]) for row in fronted_admin_shop.audit()] == [
        ("admin:olivia", "admin.sign_in"), ("admin:olivia", "admin.sign_out")]


def test_the_cookie_is_for_our_pages_alone(new_admin_shop):
    shop = new_admin_shop()
    shop.start_admin(ADMIN_SECURE_COOKIE="on", ADMIN_SESSION_HOURS="2")
    cookie = shop.client().sign_in(*READER).headers["set-cookie"].split("; ")
    assert cookie[1:] == ["Path=/admin/workers/", "HttpOnly", "SameSite=Strict", "Max-Age=7200", "Secure"]
    assert len(cookie[0].removeprefix("coupon_admin=")) == 43  # 256 bits


def test_a_reader_reads_and_changes_nothing(fronted_admin_shop):
    reader = fronted_admin_shop.reader(through_nginx=True)
    assert reader.get("api/v1/queue/stats").status == 200
    assert reader.get("api/v1/session").json["role"] == "read-only"
    refused = reader.post(OPERATOR_ONLY, {"all": True, "dry_run": True})
    assert (refused.status, refused.code) == (403, "forbidden")
    assert fronted_admin_shop.operator(through_nginx=True).post(
        OPERATOR_ONLY, {"all": True, "dry_run": True}).json["matching"] == 0


def test_tokens_have_roles_and_need_no_proof_against_forgery(visitor, fronted_admin_shop):
    shop, place = fronted_admin_shop, visitor.place
    reader, operator = (type(visitor)(place, shop.token(role)) for role in ("read-only", "operator"))
    assert reader.get("api/v1/queue/stats").status == 200
    assert reader.post(OPERATOR_ONLY, {"all": True, "dry_run": True}).code == "forbidden"
    assert operator.post(OPERATOR_ONLY, {"all": True, "dry_run": True}).json["matching"] == 0
    assert reader.get("api/v1/session").json == {"user": "robot-read-only", "role": "read-only", "csrf": ""}
    assert reader.delete("api/v1/session").code == "bad_request"


def test_the_files_of_the_dashboard_need_no_session(visitor):
    page = visitor.get("")
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    script = visitor.get("assets/app.js")
    assert script.status == 200 and script.headers["content-type"] == "text/javascript; charset=utf-8"
    again = visitor.get("assets/app.js", headers={"If-None-Match": script.headers["etag"]})
    assert again.status == 304 and again.body == b""
    head = visitor.request("HEAD", "assets/app.js")
    assert head.status == 200 and int(head.headers["content-length"]) == len(script.body)
    assert visitor.get("assets/none.js").code == "not_found"
    assert visitor.post("assets/app.js").code == "method_not_allowed"
    assert visitor.get("api/v1/session").headers["cache-control"] == "no-store"


def test_a_wrong_password_and_an_unknown_name_look_alike(admin_shop):
    wrong = admin_shop.client().sign_in("olivia", "battery horse correct")
    unknown = admin_shop.client().sign_in("hunter2-typed-into-the-wrong-field", "battery horse correct")
    assert wrong.status == unknown.status == 401 and wrong.body == unknown.body
    assert [(row["actor"], row["action"]) for row in admin_shop.audit()] == [
        ("admin:olivia", "admin.sign_in_failed"), ("admin", "admin.sign_in_failed")]
    kept = admin_shop.log() + json.dumps(admin_shop.audit())
    assert "hunter2" not in kept and "battery" not in kept


def test_nothing_secret_is_logged(admin_shop):
    client = admin_shop.operator()
    token = admin_shop.token("operator")
    admin_shop.client("operator").get("api/v1/queue/stats")
    client.delete("api/v1/session")
    for secret in (OPERATOR[1], client.csrf, client.cookie, token, "$y$"):
        assert secret not in admin_shop.log()


def test_who_is_taken_out_of_the_file_is_out_at_once(admin_shop):
    reader, operator = admin_shop.reader(), admin_shop.operator()
    admin_shop.passwords.write_text(admin_shop.password_line(*OPERATOR, "operator"))
    assert reader.get("api/v1/session").code == "unauthorized"
    assert operator.get("api/v1/session").status == 200
    assert admin_shop.client().sign_in(*READER).status == 401


def test_a_changed_role_holds_at_once(admin_shop):
    operator = admin_shop.operator()
    line = admin_shop.password_line(*OPERATOR, "operator")
    admin_shop.passwords.write_text(line.replace(":operator:", ":read-only:"))
    assert operator.post(OPERATOR_ONLY, {"all": True, "dry_run": True}).code == "forbidden"


def test_a_changed_password_ends_the_sessions_of_the_old_one(admin_shop):
    operator = admin_shop.operator()
    admin_shop.passwords.write_text(admin_shop.password_line("olivia", "another password", "operator"))
    assert operator.get("api/v1/session").code == "unauthorized"
    assert admin_shop.client().sign_in("olivia", "another password").status == 200


def test_a_changed_file_of_tokens_holds_at_once(admin_shop):
    robot = admin_shop.client("operator")
    assert robot.get("api/v1/session").status == 200
    admin_shop.tokens.write_text(admin_shop.tokens.read_text().replace(":operator:", ":read-only:"))
    assert robot.get("api/v1/session").json["role"] == "read-only"
    admin_shop.tokens.unlink()
    assert robot.get("api/v1/session").code == "unauthorized"
    assert "cannot be read" in admin_shop.log()


def test_lines_that_are_wrong_do_not_count_and_the_others_do(admin_shop):
    good = admin_shop.password_line(*OPERATOR, "operator")
    admin_shop.passwords.write_text(f"rita:read-only:{READER[1]}\nmallory\n" + good)
    assert admin_shop.client().sign_in(*OPERATOR).status == 200
    assert admin_shop.client().sign_in(*READER).status == 401
    assert "line 1 does not count" in admin_shop.log() and "line 2 does not count" in admin_shop.log()
    assert READER[1] not in admin_shop.log()


def test_a_restart_signs_everybody_out(admin_shop):
    operator = admin_shop.operator()
    assert admin_shop.workers[0].stop() == 0
    admin_shop.start_admin()
    assert operator.get("api/v1/session").code == "unauthorized"


def test_with_postgres_away_people_get_in_and_see_what_is_known(new_admin_shop):
    shop = new_admin_shop(gates=True)
    shop.start_admin()
    shop.postgres_gate.shut()
    operator = shop.operator()
    away = operator.post(OPERATOR_ONLY, {"all": True, "dry_run": True})
    assert (away.status, away.code) == (503, "unavailable")
    assert operator.get("").status == 200
    shop.postgres_gate.open()
    eventually(lambda: operator.post(OPERATOR_ONLY, {"all": True, "dry_run": True}).status == 200, "it works again")


def test_it_tells_redis_and_prometheus_that_it_lives(admin_shop):
    eventually(lambda: admin_shop.redis.keys("worker:heartbeat:admin:*"), "a heartbeat")
    admin_shop.client().sign_in(*READER)
    admin_shop.client().sign_in("rita", "wrong wrong wrong")
    assert admin_shop.metric("coupon_admin_sign_ins_total", outcome="right") == 1
    assert admin_shop.metric("coupon_admin_sign_ins_total", outcome="wrong") == 1
    assert admin_shop.metric("coupon_admin_sessions") == 1
    assert admin_shop.metric("coupon_admin_requests_total", role="none", outcome="unauthorized") == 1
    assert admin_shop.metric("coupon_admin_requests_total", role="read-only", outcome="ok") >= 3


def test_a_socket_in_use_is_left_alone_and_a_dead_one_replaced(admin_shop):
    second = Process([COUPON_WORKER, "admin"], admin_shop.directory / "second.log",
                     admin_shop.environment)
    assert second.wait() == 1 and "another process listens there already" in second.tail()
    assert admin_shop.client().get("").status == 200
    admin_shop.workers[0].kill()
    assert admin_shop.socket.is_socket()
    admin_shop.start_admin()
    assert admin_shop.client().get("").status == 200
    assert admin_shop.socket.stat().st_mode & 0o777 == 0o660


def test_what_is_no_socket_is_not_replaced(new_admin_shop):
    shop = new_admin_shop()
    shop.socket.write_text("precious")
    worker = Process([COUPON_WORKER, "admin"], shop.directory / "refused.log", shop.environment)
    assert worker.wait() == 1 and "no socket" in worker.tail()
    assert shop.socket.read_text() == "precious"


def test_sigterm_takes_the_socket_away(admin_shop):
    assert admin_shop.workers[0].stop() == 0
    assert not admin_shop.socket.exists()
