"""The packaged example of an edge as an administrator installs it: with the secrets, ports and addresses of a test."""
import re

from harness.front_door import SECRETS
from harness.process import free_port

EXAMPLES = "usr/share/doc/libnginx-mod-http-coupon/examples"
SITE = """coupon_redis 127.0.0.1:{redis_port} db={redis_number};
include coupon.conf;
server {{
    listen 127.0.0.1:{port};
    access_log /var/log/nginx/coupon.log coupon;
    include coupon/locations.conf;
}}
"""


class Edge:
    """Writes the configuration into a Root; `port` answers redirects, `state_port` /stats."""

    def __init__(self, root, shop):
        self.port, self.state_port = free_port(), free_port()
        root.run("cp", "-r", f"/{EXAMPLES}/coupon.conf", f"/{EXAMPLES}/coupon", "/etc/nginx/")
        text = root.read("etc/nginx/coupon.conf")
        for was, now in ((r"listen 127.0.0.1:8089;", f"listen 127.0.0.1:{self.state_port};"),
                         (r"size=10g segment=8m webhooks=1g", "size=160m segment=4m webhooks=64m"),
                         (r"offers:64m", "offers:8m")):
            text, count = re.subn(was, now, text)
            assert count == 1, f"coupon.conf has no {was}"
        root.put("etc/nginx/coupon.conf", text)
        root.put("etc/nginx/conf.d/edge.conf", SITE.format(
            port=self.port, redis_port=shop.redis_server.port, redis_number=shop.redis_number))
        (root.path / "etc/nginx/sites-enabled/default").unlink(missing_ok=True)
        for name, secret in SECRETS.items():
            root.put(f"etc/coupon/{name}", secret + "\n", 0o600)
        root.put("etc/coupon/database_url", shop.database.url + "\n", 0o600)
