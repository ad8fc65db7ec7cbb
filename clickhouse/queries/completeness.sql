-- Is anything missing? One row per source and epoch, the incomplete ones first.
-- since: Int64 microseconds. An outbox made since then is expected from seq 0; of an older one, of
-- which the archive may have let go the beginning, from the first seq that is there.
-- An accrual goes by when a commitment, or a month, began; before the first that was sent, none is
-- due.
-- A batch that is a dead letter as a whole was delivered, so it is not missing.
WITH
    delivered AS (
        SELECT
            b.source AS source, b.epoch AS epoch, b.seq AS seq, 1 AS archived, b.events AS events,
            b.rejected AS rejected, b.sent_at AS sent_at
        FROM batches AS b FINAL
        UNION ALL
        SELECT
            ifNull(d.source, ''), ifNull(d.epoch, 0), ifNull(d.seq, 0), 0, 0, 0, d.at
        FROM dead_letters AS d FINAL
        WHERE
            d.event_index = -1
            AND d.source IS NOT NULL AND d.epoch IS NOT NULL AND d.seq IS NOT NULL
    ),
    lost AS (
        SELECT source, epoch, sum(x.events) AS events FROM losses AS x FINAL GROUP BY source, epoch
    )
SELECT
    d.source AS source,
    d.epoch AS epoch,
    sum(d.archived) AS batches,
    uniqExact(d.seq) - sum(d.archived) AS dead_batches,
    if(d.epoch >= {since:Int64} AND NOT match(d.source, '^accrual(-shared)?:'), 0, min(d.seq))
        AS first_seq,
    max(d.seq) AS last_seq,
    toInt64(last_seq - first_seq + 1 - uniqExact(d.seq)) AS missing,
    any(l.events) AS lost_events,
    toInt64(sum(d.events)) AS events,
    toInt64(sum(d.rejected)) AS rejected_events,
    max(d.sent_at) AS last_sent_at
FROM delivered AS d
LEFT JOIN lost AS l ON l.source = d.source AND l.epoch = d.epoch
GROUP BY d.source, d.epoch
ORDER BY missing != 0 OR lost_events != 0 DESC, source, epoch
