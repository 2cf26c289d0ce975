-- How far the edges' journal segments are delivered, and clicks that could not be stored.

-- settled: sequence numbers whose click is stored, was stored before, or was rejected. sealed: the number of records,
-- once no more can come. served and unjournaled: what the edge answered, written by the edge once a second.
-- Updated all the time and never by its key: the free space keeps those updates on their page.
CREATE TABLE IF NOT EXISTS journal_segments (
    id          uuid PRIMARY KEY,
    kind        text NOT NULL DEFAULT 'clicks' CHECK (kind IN ('clicks', 'webhooks')),
    edge        text NOT NULL DEFAULT '',
    settled     int8multirange NOT NULL DEFAULT '{}',
    sealed      bigint,
    served      bigint,
    unjournaled bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    audited_at  timestamptz
) WITH (fillfactor = 50);

-- id is the digest of (segment, seq), or of the entry's bytes where it names none, so that a repeat is no second row.
CREATE TABLE IF NOT EXISTS click_rejects (
    id         uuid PRIMARY KEY,
    segment    uuid,
    seq        bigint,
    click_id   uuid,
    edge       text,
    reason     text NOT NULL,
    raw        text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX IF NOT EXISTS click_rejects_segment_seq ON click_rejects (segment, seq) WHERE segment IS NOT NULL;
CREATE INDEX IF NOT EXISTS click_rejects_created_at ON click_rejects (created_at);
