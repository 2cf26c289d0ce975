"""nginx-conf/containers: what docker-compose makes of compose.yml, and as much of the images as can be looked at
without building them."""
import functools
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from harness.environment import AS_ROOT, BUILD, CHECKOUT, COUPON_WORKER, COUPONCTL, MODULE, fresh_directory
from harness.process import Process, free_port
from harness.waiting import eventually

CONTAINERS = CHECKOUT / "nginx-conf" / "containers"
DOCKERFILE = (CONTAINERS / "Dockerfile").read_text()

needs_compose = pytest.mark.skipif(shutil.which("docker-compose") is None,
                                   reason="docker-compose is not installed: compose.yml is not looked at")


def environment():
    return {name: value for name, value in os.environ.items() if not name.startswith(("COUPON_HTTP", "COMPOSE"))}


@functools.cache
def prepared():
    """A copy of the folder after ./prepare."""
    folder = fresh_directory("containers") / "nginx-conf" / "containers"
    shutil.copytree(CONTAINERS, folder, ignore=shutil.ignore_patterns("secrets", "shop.env"))
    subprocess.run(["./prepare"], cwd=folder, check=True, capture_output=True)
    return folder


@functools.cache
def config_text():
    run = subprocess.run(["docker-compose", "--file", "compose.yml", "config"], cwd=prepared(), env=environment(),
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture
def services():
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(config_text())["services"]


def roles():
    text = subprocess.run([COUPON_WORKER, "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  ([a-z]+) ", text.partition("Subcommands:")[2], re.MULTILINE))


def workers(services):
    """role → service, of those that run coupon-worker."""
    return {service["command"][0]: service for service in services.values()
            if service.get("build", {}).get("target") == "worker" and not service.get("entrypoint")}


# --- compose.yml

@needs_compose
def test_everything_is_started(services):
    assert set(workers(services)) == roles()
    assert {"postgres", "redis", "migrate", "edge"} <= set(services)
    for name, service in services.items():
        assert service["restart"] == ("on-failure" if name == "migrate" else "unless-stopped"), name
        assert name == "migrate" or service["healthcheck"]["test"], f"nobody sees whether {name} works"
    for service in [services["edge"], *workers(services).values()]:
        assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert "journal:/var/lib/coupon:rw" in services["edge"]["volumes"]


@needs_compose
def test_no_secret_stands_in_the_configuration(services):
    secrets = {path.name: path.read_text() for path in (prepared() / "secrets").iterdir()}
    for name in ("click_key", "postgres_password", "redis_password", "database_url", "redis_url"):
        assert len(secrets[name]) >= 32
    for name, text in secrets.items():
        assert not text or text not in config_text(), f"{name} stands in docker-compose config"
    for name, service in services.items():
        mounted = {secret["source"] for secret in service.get("secrets", [])}
        assert mounted <= set(secrets), f"./prepare does not make {mounted - set(secrets)}"
        used = set(re.findall(r"/run/secrets/(\w+)", str({**service, "secrets": None})))
        assert name == "edge" or used == mounted, f"{name} uses {used} and gets {mounted}"
        for variable in service.get("environment", {}):
            assert not re.search(r"(PASSWORD|TOKEN|SECRET|_KEY|DATABASE_URL|REDIS_URL)$", variable), f"{name}: {variable}"
    edge = (CONTAINERS / "nginx.conf").read_text()
    assert set(re.findall(r"/run/secrets/(\w+)", edge)) == {secret["source"] for secret in services["edge"]["secrets"]}


@needs_compose
def test_every_setting_is_one_that_somebody_reads(services):
    sources = "".join(path.read_text() for path in (CHECKOUT / "workers").rglob("*.[ch]pp"))
    read = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b", sources + (CHECKOUT / "README.md").read_text()))
    for role, service in workers(services).items():
        for variable in service["environment"]:
            name = variable.removesuffix("_FILE")
            # <NETWORK>_API_KEY and MSG91_TEMPLATE_<TYPE> are put together from two parts.
            assert name in read or name.startswith("MSG91_TEMPLATE_"), f"{role}: nobody reads {variable}"


CHECKED = {"clicks": {}, "webhooks": {"backend_token": "token"}, "email": {"sendgrid_api_key": "SG.key"},
           "sms": {"msg91_auth_key": "key"}, "cashback": {"vcommission_api_key": "key"}, "cron": {},
           "admin": {}}


@needs_compose
@pytest.mark.parametrize("role", CHECKED)
def test_a_role_accepts_these_settings(services, job_shop, role):
    """coupon-worker --check with shop.env as it comes and the role's secrets filled in."""
    secrets = fresh_directory("secrets")
    for path in (prepared() / "secrets").iterdir():
        (secrets / path.name).write_text(CHECKED[role].get(path.name, path.read_text()))
    (secrets / "database_url").write_text(job_shop.environment["DATABASE_URL"])
    (secrets / "redis_url").write_text(job_shop.environment["REDIS_URL"])
    if role == "admin":
        (secrets / "admin_passwords").write_text(subprocess.run(
            [COUPONCTL, "admin", "password", "ops", "--role", "operator"], input="a long password\n",
            capture_output=True, text=True, check=True).stdout)
    settings = {name: str(value or "").replace("/run/secrets", str(secrets))
                for name, value in workers(services)[role]["environment"].items()}
    for there in ("/var/lib/coupon-worker/sitemap", "/var/lib/coupon-worker/archive", "/run/coupon"):
        here = secrets / there[1:]
        here.mkdir(parents=True)
        settings = {name: value.replace(there, str(here)) for name, value in settings.items()}
    settings |= {name: "registered" for name in settings if name.startswith("MSG91_TEMPLATE_")}
    run = subprocess.run([COUPON_WORKER, role, "--check"], capture_output=True, text=True, timeout=60,
                         env={"PATH": os.environ["PATH"], "ASAN_OPTIONS": "detect_leaks=0",
                              "TEMPLATE_DIR": str(CHECKOUT / "workers" / "templates")} | settings)
    assert run.returncode == 0, run.stdout + run.stderr


@needs_compose
def test_redis_keeps_what_it_has_and_its_password_to_itself(services):
    """The service's own command, on this machine."""
    directory = fresh_directory("redis")
    port = free_port()
    shell, flag, script = services["redis"]["command"]
    script = script.replace("$$", "$").replace("/run/secrets", str(prepared() / "secrets"))
    script = script.replace("dir /data", f"dir {directory}\nport {port}\nbind 127.0.0.1")
    redis = pytest.importorskip("redis")
    server = Process([shell, flag, script], directory / "redis.log", directory=directory)
    try:
        password = (prepared() / "secrets" / "redis_password").read_text()
        client = redis.Redis(port=port, password=password, decode_responses=True)

        def answers():
            try:
                return client.ping()
            except redis.exceptions.ConnectionError:
                return False
        eventually(answers, "Redis answers to the password")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        with pytest.raises(redis.exceptions.AuthenticationError):
            redis.Redis(port=port).ping()
        assert password not in pathlib.Path(f"/proc/{server.pid}/cmdline").read_text()
    finally:
        server.stop()


def test_prepare_keeps_what_is_there():
    folder = prepared()
    (folder / "secrets" / "sendgrid_api_key").chmod(0o600)
    (folder / "secrets" / "sendgrid_api_key").write_text("")
    before = {path: path.read_text() for path in (folder / "secrets").iterdir()}
    subprocess.run(["./prepare"], cwd=folder, check=True, capture_output=True)
    assert {path: path.read_text() for path in (folder / "secrets").iterdir()} == before
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
    ignored = (folder / ".gitignore").read_text().split()
    assert ignored == ["/secrets/", "/shop.env"], "secrets could be committed"


def test_nginx_accepts_the_configuration():
    directory = fresh_directory("nginx")
    text = (CONTAINERS / "nginx.conf").read_text()
    for there, here in (("/usr/lib/nginx/modules/ngx_http_coupon_module.so", MODULE), ("redis:6379", "127.0.0.1:6379"),
                        ("/run/secrets", directory), ("/var/lib/coupon/journal", directory / "journal"),
                        ("/var/log/nginx", directory), ("/run/nginx.pid", directory / "pid"), ("listen 80;", "listen 18080;"),
                        ("user www-data;", "user www-data;" if AS_ROOT else "")):
        assert there in text
        text = text.replace(there, str(here))
    for name in ("click_key", "redis_password", "razorpay_webhook"):
        shutil.copy(prepared() / "secrets" / name, directory)
    (directory / "database_url").write_text("postgresql://coupon:secret@127.0.0.1:5432/shop")
    # /etc/nginx holds Debian's mime.types and what the image's COPY lines name.
    shutil.copy("/etc/nginx/mime.types", directory)
    edge = DOCKERFILE.partition(" AS edge")[2].partition("\nFROM ")[0]
    for source, target in re.findall(r"^COPY (nginx-conf/\S+) /etc/nginx/(\S+)$", edge, re.MULTILINE):
        copy = shutil.copytree if (CHECKOUT / source).is_dir() else shutil.copy
        copy(CHECKOUT / source, directory / target)
    assert (directory / "nginx.conf").read_text() == (CONTAINERS / "nginx.conf").read_text()
    (directory / "nginx.conf").write_text(text)
    run = subprocess.run(["/usr/sbin/nginx", "-t", "-p", directory, "-e", "stderr", "-c", directory / "nginx.conf"],
                         capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


# --- the images

def copies():
    """(from which stage or None, source) of every COPY."""
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE):
        words = line.split()
        stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
        for source in words[:-1]:
            yield stage, source


def test_what_is_copied_exists_and_reaches_the_build():
    ignored = (CONTAINERS / "Dockerfile.dockerignore").read_text().split()
    image = fresh_directory("image")
    assert "cmake --install /build --prefix /image/usr" in DOCKERFILE
    subprocess.run(["cmake", "--install", BUILD, "--prefix", image / "usr"], capture_output=True, check=True)
    assert len(list(copies())) >= 8
    for stage, source in copies():
        if stage is None:
            assert (CHECKOUT / source).exists(), source
            assert any(source == kept[1:] or source.startswith(kept[1:] + "/") for kept in ignored if kept[0] == "!"), source
        else:
            assert (image / source.removeprefix("/image/")).exists(), source
    for installed in ("bin/coupon-worker", "bin/couponctl", "lib/nginx/modules/ngx_http_coupon_module.so",
                      "share/coupon/sql/0001_shop_tables.sql", "share/coupon/templates/email", "share/coupon/dashboard/index.html"):
        assert (image / "usr" / installed).exists(), installed


def test_the_build_needs_nothing_that_is_not_copied():
    """CMake's configuration of what the build stage gets, and of that alone."""
    directory = fresh_directory("image")
    (directory / "src").mkdir()
    for stage, source in copies():
        if stage is None and (CHECKOUT / source).is_dir():
            shutil.copytree(CHECKOUT / source, directory / "src" / source)
        elif stage is None and "/" not in source:
            shutil.copy(CHECKOUT / source, directory / "src")
    run = subprocess.run(["cmake", "-S", directory / "src", "-B", directory / "build", "-DCOUPON_TESTS=OFF"],
                         capture_output=True, text=True, timeout=100)
    assert run.returncode == 0, run.stderr


def packages():
    found = re.findall(r"apt-get install -y --no-install-recommends((?: \\?\n?\s*[a-z0-9.+-]+)+)", DOCKERFILE)
    return [re.sub(r"\\\n", " ", text).split() for text in found]


def test_the_image_builds_with_what_every_build_needs():
    text = (CHECKOUT / "nginx-conf" / "setup" / "packages.sh").read_text()
    needed = re.search(r"build_packages=\((.*?)\)", text, re.DOTALL)[1].split()
    build, _, _ = packages()
    assert set(needed) <= set(build), f"the Dockerfile lacks {set(needed) - set(build)}"


def test_its_packages_are_debians():
    names = sorted(set(sum(packages(), [])))
    run = subprocess.run(["apt-cache", "policy", *names], capture_output=True, text=True, timeout=60)
    known = re.findall(r"^(\S+):\n.*\n  Candidate: \d", run.stdout, re.MULTILINE)
    if not known:
        pytest.skip("apt has no package lists here")
    assert sorted(name.partition(":")[0] for name in known) == names


def test_what_the_images_start_is_in_them():
    worker = DOCKERFILE.partition(" AS worker")[2]
    assert "COPY --from=build /image/usr/bin /usr/bin" in worker
    assert "COPY --from=build /image/usr/share/coupon /usr/share/coupon" in worker
    assert 'ENTRYPOINT ["/usr/bin/coupon-worker"]' in worker
    needed = re.findall(r"NEEDED +(\S+)", subprocess.run(["objdump", "-p", COUPON_WORKER], capture_output=True,
                                                         text=True, check=True).stdout)
    assert "libpq.so.5" in needed
    libraries = {"libpq.so.5": "libpq5", "libhiredis.so.0.14": "libhiredis0.14", "libcurl.so.4": "libcurl4",
                 "libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3", "libstdc++.so.6": "libstdc++6",
                 "libcrypt.so.1": "libcrypt1", "libz.so.1": "zlib1g"}
    for library in needed:
        if not library.startswith(("libc.so", "libm.so", "libgcc_s", "libasan", "libubsan", "ld-linux")):
            assert libraries.get(library, library) in packages()[2], f"the worker needs {library}"
