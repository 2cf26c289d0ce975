"""Who gets into the admin worker, through NGINX and directly at its socket."""
import pytest

from .admin_shop import OPERATOR, READER


@pytest.fixture(params=["nginx", "socket"])
def visitor(request, fronted_admin_shop):
    """Somebody who is not signed in yet."""
    return fronted_admin_shop.client(through_nginx=request.param == "nginx")


def test_signing_in_opens_a_session_and_signing_out_ends_it(visitor):
    answer = visitor.sign_in(*OPERATOR)
    assert answer.status == 200 and answer.json == {"user": "olivia", "role": "operator", "csrf": visitor.csrf}
    assert visitor.get("api/v1/session").json == answer.json
    assert visitor.get("metrics").status == 200
    cookie = visitor.cookie
    assert visitor.delete("api/v1/session").status == 204
    visitor.cookie = cookie
    assert visitor.get("api/v1/session").code == "unauthorized"
