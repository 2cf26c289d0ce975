-- Finished webhooks that still have a body or what else may be personal. Purging takes a row out of it, so looking for
-- the next ones costs the same whatever the table holds.
CREATE INDEX IF NOT EXISTS webhook_logs_personal ON webhook_logs (status, received_at)
    WHERE status IN ('completed', 'failed') AND (body IS NOT NULL OR remote IS NOT NULL
          OR query IS NOT NULL OR raw IS NOT NULL OR headers <> '{}' OR fields <> '{}');
