-- How much of what each source sent came of late? Batches that came, that are missing by their numbers, and that
-- were dead letters as a whole; events that came, of them those refused, and those that the source said it had
-- to drop. When the first came that something was wrong with, or before which something is missing; 0: nothing
-- is. With each the engine's own clock. An outbox made within the time is expected from seq 0, an older one from
-- what came first.
-- within: Int64 microseconds before now.
WITH toUnixTimestamp64Micro(now64(6)) - {within:Int64} AS since_us
SELECT
    g.source,
    toInt64(sum(g.is_archived)), toInt64(sum(g.gap)), toInt64(sum(NOT g.is_archived)),
    toInt64(sum(g.of_events)), toInt64(sum(g.refused)), toInt64(any(l.dropped)),
    arrayMin(
        arrayFilter(
            us -> us > 0,
            [
                toUnixTimestamp64Micro(minIf(g.at, g.gap > 0 OR g.refused > 0 OR NOT g.is_archived)),
                any(l.first_us)
            ]
        )
    ),
    toUnixTimestamp64Micro(now64(6))
FROM (
    SELECT
        d.source AS source, d.of_events AS of_events, d.refused AS refused,
        d.is_archived AS is_archived, d.at AS at,
        if(
            row_number() OVER w = 1,
            if(d.epoch >= since_us AND NOT match(d.source, '^accrual(-shared)?:'), d.seq, 0),
            d.seq - lagInFrame(d.seq) OVER w - 1
        ) AS gap
    FROM (
        SELECT
            source, epoch, seq, max(b_events) AS of_events, max(b_refused) AS refused,
            max(b_archived) AS is_archived, min(b_at) AS at
        FROM (
            SELECT
                b.source AS source, b.epoch AS epoch, b.seq AS seq, b.events AS b_events,
                b.rejected AS b_refused, 1 AS b_archived, b.archived_at AS b_at
            FROM batches AS b
            WHERE b.archived_at > fromUnixTimestamp64Micro(since_us, 'UTC')
            UNION ALL
            SELECT
                assumeNotNull(x.source), assumeNotNull(x.epoch), assumeNotNull(x.seq), 0, 0, 0,
                x.inserted_at
            FROM dead_letters AS x
            WHERE
                x.inserted_at > fromUnixTimestamp64Micro(since_us, 'UTC') AND x.event_index = -1
                AND x.source IS NOT NULL AND x.epoch IS NOT NULL AND x.seq IS NOT NULL
        )
        GROUP BY source, epoch, seq
    ) AS d
    WINDOW w AS (
        PARTITION BY d.source, d.epoch ORDER BY d.seq ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
    )
) AS g
LEFT JOIN (
    SELECT
        e.source AS source, sum(e.events) AS dropped,
        toUnixTimestamp64Micro(min(e.first_at)) AS first_us
    FROM losses AS e FINAL
    WHERE e.archived_at > fromUnixTimestamp64Micro(since_us, 'UTC')
    GROUP BY e.source
) AS l ON l.source = g.source
GROUP BY g.source
ORDER BY g.source
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
