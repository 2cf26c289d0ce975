-- Alerts for shops without Prometheus: what is wrong now, and who was told.

CREATE TABLE IF NOT EXISTS alerts (
    name        text NOT NULL,
    label       text NOT NULL,                       -- which queue, role or edge; empty where there is one only
    message     text NOT NULL,
    since       timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,                         -- null: it is so now
    told_at     timestamptz,                         -- when people were last told that it is so
    told_end    boolean NOT NULL DEFAULT true,       -- nobody waits to hear that it is over
    PRIMARY KEY (name, label)
);

-- Those that ALERT_WEBHOOK_URL has not taken yet.
CREATE TABLE IF NOT EXISTS alert_posts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- When a worker of each role was last seen: what has never been there is not missed.
CREATE TABLE IF NOT EXISTS roles_seen (
    role    text PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now()
);
