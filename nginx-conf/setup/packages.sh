# Debian packages that building, running and testing need. Sourced by quickstart and t/run:
#   ensure_packages "${build_packages[@]}" …   installs what is missing, uses no network when
#                                              nothing is; exits with one sentence otherwise.
# No service is started or stopped: whatever a package's installation would start is kept from
# starting, and a cluster of PostgreSQL is not created.

build_packages=(g++ make cmake pkgconf nginx-dev libpq-dev libhiredis-dev libssl-dev
    libcurl4-openssl-dev nlohmann-json3-dev libcli11-dev libkainjow-mustache-dev
    zlib1g-dev)
package_packages=(debhelper dpkg-dev)   # nginx-conf/packages/build needs them as well
server_packages=(nginx postgresql-15 redis-server redis-tools curl openssl)
test_packages=(libgtest-dev python3 python3-pytest python3-pytest-xdist python3-psycopg2 python3-redis
    python3-jsonschema python3-fastapi python3-uvicorn libnginx-mod-stream libnginx-mod-http-geoip2
    faketime prometheus docker-compose systemd chromium)
fuzz_packages=(clang libclang-rt-14-dev)
chroot_packages=(debootstrap systemd-container lintian)

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

package_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_packages() {
    local name
    for name in "$@"; do
        package_installed "$name" || echo "$name"
    done
}

# Runs as root, from a shell of its own because sudo runs commands, not functions.
# shellcheck disable=SC2016
install_as_root='
policy=/usr/sbin/policy-rc.d
no_cluster=/etc/postgresql-common/createcluster.d/coupon-no-cluster.conf
made_policy= made_directory=
if [ ! -e "$policy" ]; then
    printf "#!/bin/sh\nexit 101\n" > "$policy" && chmod 755 "$policy" && made_policy=1
fi
[ -d "${no_cluster%/*}" ] || { mkdir -p "${no_cluster%/*}" && made_directory=1; }
echo "create_main_cluster = false" > "$no_cluster"
undo() {
    rm -f "$no_cluster"
    [ -z "$made_directory" ] || rmdir --ignore-fail-on-non-empty "${no_cluster%/*}"
    [ -z "$made_policy" ] || rm -f "$policy"
}
trap undo EXIT
trap "exit 1" INT TERM HUP
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
apt-get -q update || echo "(the package lists could not be renewed)"
apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-confold install "$@"
'

ensure_packages() {
    local missing log root=()   # no <(…) here: a bare chroot has no /proc for it
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        die "this is not Debian: it needs dpkg and apt-get to check for its packages"
    # shellcheck disable=SC2207
    missing=($(missing_packages "$@"))
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; } ||
            die "packages are missing and this is neither root nor allowed to use sudo; as root, run:
    apt-get install --no-install-recommends ${missing[*]}"
        root=(sudo)
    fi
    echo "installing packages: ${missing[*]}"
    log=$(mktemp)
    if ! "${root[@]}" sh -c "$install_as_root" install "${missing[@]}" >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        die "installing packages failed (whole output: $log)"
    fi
    rm -f "$log"
}
