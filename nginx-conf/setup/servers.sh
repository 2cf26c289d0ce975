# Private PostgreSQL, Redis, workers and NGINX below $state. Sourced by quickstart, which sets
# checkout, http_port, postgres_port and redis_port. As root, each runs as a user of its own.

choose_state() {
    state=${COUPON_STATE:-$checkout/.quickstart}
    if [ -z "${COUPON_STATE:-}" ] && [ "$(id -u)" = 0 ] && ! setpriv --reuid=65534 --regid=65534 --clear-groups \
            test -x "$checkout"; then
        state=/var/lib/coupon-quickstart
    fi
    database_url="postgresql://coupon@127.0.0.1:$postgres_port/shop"
}

# become USER: sets $become to the words that run a command as that user when this is root
become() {
    become=()
    [ "$(id -u)" != 0 ] || become=(setpriv --reuid="$1" --regid="$(id -g "$1")" --clear-groups)
}

# as USER command…
as() {
    local become
    become "$1"
    shift
    "${become[@]}" "$@"
}

own_directory() {
    mkdir -p "$2" && { [ "$(id -u)" != 0 ] || chown "$1" "$2"; }
}

prepare_state() {
    { mkdir -p "$state" && chmod 755 "$state" && mkdir -p "$state/bin" "$state/log" "$state/nginx"; } 2>/dev/null &&
        [ -w "$state/bin" ] || die "cannot write to $state: no rights there (COUPON_STATE names another directory)"
    own_directory postgres "$state/postgres"
    own_directory redis "$state/redis"
    own_directory nobody "$state/worker"
    own_directory nobody "$state/run"
    # Where programs in bin look for them, also for users that cannot read the checkout.
    rm -rf "$state/share/coupon" && mkdir -p "$state/share/coupon" &&
        cp -r "$checkout/sql" "$checkout/workers/templates" "$checkout/workers/admin/dashboard" "$state/share/coupon" &&
        chmod -R a+rX "$state/share" || die "cannot copy sql, templates and dashboard to $state"
    local secret
    for secret in click_key webhook_secret dashboard_password; do
        [ -s "$state/$secret" ] ||
            (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' > "$state/$secret")
    done
    postgres_bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [ -x "$postgres_bin/postgres" ] || die "PostgreSQL's server programs are not below /usr/lib/postgresql"
}

# A running NGINX maps the module and a running worker its program: both are stopped first when
# there is something newer, and files are replaced, never overwritten.
install_programs() {
    local file
    cmp -s "$1/ngx_http_coupon_module.so" "$state/bin/ngx_http_coupon_module.so" || stop_nginx
    cmp -s "$1/coupon-worker" "$state/bin/coupon-worker" || stop_workers
    for file in ngx_http_coupon_module.so coupon-worker couponctl; do
        cp "$1/$file" "$state/bin/$file.new" && chmod 755 "$state/bin/$file.new" &&
            mv "$state/bin/$file.new" "$state/bin/$file" || die "cannot copy $file to $state/bin"
    done
}

# until_true TENTHS command…: tries it ten times a second
until_true() {
    local tries=$1
    shift
    while ! "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

# The process that FILE names, when it lives and is the program FILE says it is.
running() {
    local pid name
    read -r pid 2>/dev/null < "$1" && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
    name=$(cat "/proc/$pid/comm" 2>/dev/null) || name=
    [ -z "$name" ] || [[ $name == "$2"* ]]
}

port_answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# need_port NUMBER VARIABLE WHOM PIDFILE PROGRAM: free, or taken by ourselves
need_port() {
    running "$4" "$5" || ! port_answers "$1" ||
        die "port $1 on 127.0.0.1 is in use and $3 needs it: stop what listens there, or set $2 to another port"
}

check_ports() {
    local ports="$http_port $postgres_port $redis_port"
    if [ -s "$state/ports" ] && [ "$(cat "$state/ports")" != "$ports" ] && [[ $(server_status) == *" runs"* ]]; then
        die "it runs with other ports ($(cat "$state/ports")); stop it first"
    fi
    need_port "$http_port" COUPON_HTTP_PORT NGINX "$state/nginx/nginx.pid" nginx
    need_port "$postgres_port" COUPON_POSTGRES_PORT PostgreSQL "$state/postgres/data/postmaster.pid" postgres
    need_port "$redis_port" COUPON_REDIS_PORT Redis "$state/redis/redis.pid" redis-server
}

# A start that fails takes back what it started.
started=()
undo_start() {
    local status=$? what
    [ "$status" != 0 ] || return
    trap - EXIT
    for what in "${started[@]}"; do
        "stop_$what"
    done
    exit "$status"
}

sql() {
    "$postgres_bin/psql" -X -q -At -v ON_ERROR_STOP=1 "$database_url" "$@"
}

start_postgres() {
    local data=$state/postgres/data
    if ! running "$data/postmaster.pid" postgres; then
        started=(postgres "${started[@]}")
        if [ ! -s "$data/PG_VERSION" ]; then
            rm -rf "$data"
            (cd "$state/postgres" && as postgres "$postgres_bin/initdb" -D "$data" -U coupon -A trust -E UTF8 --no-locale) \
                >"$state/log/initdb.log" 2>&1 || die "initdb failed: $(tail -n 3 "$state/log/initdb.log")"
        fi
        (cd "$state/postgres" && as postgres "$postgres_bin/pg_ctl" -D "$data" -w -t 60 -l "$state/postgres/server.log" start \
            -o "-p $postgres_port -c listen_addresses=127.0.0.1 -c unix_socket_directories=''") >/dev/null 2>&1 ||
            die "PostgreSQL did not start: $(tail -n 3 "$state/postgres/server.log")"
    fi
    "$postgres_bin/psql" -X -q -At "${database_url%/shop}/postgres" -c \
        "SELECT 1 FROM pg_database WHERE datname = 'shop'" | grep -q 1 ||
        "$postgres_bin/psql" -X -q "${database_url%/shop}/postgres" -c "CREATE DATABASE shop" ||
        die "PostgreSQL does not answer on port $postgres_port; was it started with another port? stop first"
}

start_redis() {
    running "$state/redis/redis.pid" redis-server && return
    started=(redis "${started[@]}")
    as redis redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$state/redis" --daemonize yes \
        --pidfile "$state/redis/redis.pid" --logfile "$state/redis/redis.log" --save "60 1" >/dev/null 2>&1
    until_true 100 port_answers "$redis_port" ||
        die "Redis did not start: $(tail -n 3 "$state/redis/redis.log" 2>/dev/null)"
}

worker_roles=(clicks webhooks email cron admin)

# Who may sign in to the dashboard: operator, with a password of this quick start's own.
write_passwords() {
    "$state/bin/couponctl" admin password operator --role operator < "$state/dashboard_password" > "$state/worker/passwords" &&
        { [ "$(id -u)" != 0 ] || chown nobody "$state/worker/passwords"; } && chmod 600 "$state/worker/passwords" ||
        die "the dashboard's password could not be made"
}

# Back end and SendGrid are played by the quick start's NGINX.
start_workers() {
    local role
    write_passwords
    for role in "${worker_roles[@]}"; do
        BACKEND_URL=http://127.0.0.1:$http_port BACKEND_TOKEN=quickstart \
            SENDGRID_BASE_URL=http://127.0.0.1:$http_port/sendgrid SENDGRID_API_KEY=quickstart \
            FROM_EMAIL=shop@shop.example FROM_NAME="Quick Start" SHOP_NAME="Quick Start" \
            SHOP_URL=https://shop.example \
            ADMIN_LISTEN=unix:$state/run/admin.sock ADMIN_PASSWORDS=$state/worker/passwords ADMIN_SECURE_COOKIE=off \
            start_worker "$role"
    done
}

start_worker() {
    local role=$1
    running "$state/worker/$role.pid" coupon-worker && return
    started=(workers "${started[@]}")
    # It outlives this terminal and holds none of its files; exec: the pid is the worker's own.
    local become
    become nobody
    DATABASE_URL=$database_url REDIS_URL=redis://127.0.0.1:$redis_port/0 "${become[@]}" setsid sh -c '
        cd "$1" && echo $$ > "$2.pid" && exec "$0" "$2" >> "$2.log" 2>&1' \
        "$state/bin/coupon-worker" "$state/worker" "$role" < /dev/null > /dev/null 2>&1 &
    until_true 50 running "$state/worker/$role.pid" coupon-worker ||
        die "the $role worker did not start: $(tail -n 3 "$state/worker/$role.log" 2>/dev/null)"
}

healthy() {
    [ "$(curl -s --max-time 2 "http://127.0.0.1:$http_port/health")" = OK ]
}

start_nginx() {
    local user=
    if ! running "$state/nginx/nginx.pid" nginx; then
        started=(nginx "${started[@]}")
        [ "$(id -u)" != 0 ] || user="user nobody nogroup;"
        sed -e "s|@STATE@|$state|g; s|@CHECKOUT@|$checkout|; s|@USER@|$user|; s|@HTTP_PORT@|$http_port|" \
            -e "s|@POSTGRES_PORT@|$postgres_port|; s|@REDIS_PORT@|$redis_port|" \
            "$checkout/nginx-conf/quickstart.conf.in" > "$state/nginx/nginx.conf"
        /usr/sbin/nginx -p "$state/nginx" -e "$state/log/nginx.log" -c "$state/nginx/nginx.conf" >"$state/log/nginx-start.log" 2>&1 ||
            die "NGINX did not start: $(tail -n 3 "$state/log/nginx-start.log")"
    fi
    until_true 150 healthy || die "NGINX has not loaded the catalogue; see $state/log/nginx.log"
}

# stop_one PIDFILE PROGRAM SIGNAL WHAT: asks, waits, and insists after 20 s
stop_one() {
    local pid
    running "$1" "$2" || return 0
    read -r pid < "$1"
    kill -s "$3" "$pid" 2>/dev/null || die "no rights to stop $4 (process $pid); it was started by another user"
    if ! until_true 200 gone "$pid"; then
        kill -s KILL "$pid" 2>/dev/null
        until_true 50 gone "$pid" || die "$4 (process $pid) cannot be stopped"
    fi
    echo "stopped $4"
}

gone() {
    ! kill -0 "$1" 2>/dev/null || [ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null)" = Z ]
}

stop_nginx() { stop_one "$state/nginx/nginx.pid" nginx QUIT NGINX; }
stop_workers() {
    local role
    for role in "${worker_roles[@]}"; do
        stop_one "$state/worker/$role.pid" coupon-worker TERM "the $role worker"
    done
}
stop_redis() { stop_one "$state/redis/redis.pid" redis-server TERM Redis; }
stop_postgres() { stop_one "$state/postgres/data/postmaster.pid" postgres INT PostgreSQL; }

# First what takes clicks and webhooks in, then what stores them.
stop_servers() {
    stop_nginx
    stop_workers
    stop_redis
    stop_postgres
    echo "nothing of the quick start runs; its data is in $state"
}

server_status() {
    local name pidfile program all=0
    while read -r name pidfile program; do
        if running "$state/$pidfile" "$program"; then
            echo "$name runs"
        else
            echo "$name does not run"
            all=1
        fi
    done <<END
PostgreSQL postgres/data/postmaster.pid postgres
Redis redis/redis.pid redis-server
clicks-worker worker/clicks.pid coupon-worker
webhooks-worker worker/webhooks.pid coupon-worker
email-worker worker/email.pid coupon-worker
cron-worker worker/cron.pid coupon-worker
admin-worker worker/admin.pid coupon-worker
NGINX nginx/nginx.pid nginx
END
    return $all
}
