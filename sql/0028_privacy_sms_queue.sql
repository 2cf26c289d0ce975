-- Beside the unique index over the keys themselves: a message that is queued again meets the key it had, whether it stands there
-- or its digest, and no producer needs to know.
SELECT coupon_ensure_index('sms_queue_key_digest', 'sms_queue',
                           '(coupon_key_digest(idempotency_key::text)) WHERE idempotency_key IS NOT NULL', true);
-- Sent messages that still name their recipient, by age; and whose they are.
SELECT coupon_ensure_index('sms_queue_recipient', 'sms_queue',
                           '(finished_at) WHERE status = ''completed'' AND "to"::text NOT LIKE ''gone:%''');
SELECT coupon_ensure_index('sms_queue_to', 'sms_queue', '(coupon_phone_digits("to"::text)) WHERE "to"::text NOT LIKE ''gone:%''');
