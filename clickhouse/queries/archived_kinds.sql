-- Which kinds of events touch a stretch of time, and have any calls quantities beside their tokens?
-- since, until: Int64 microseconds.
SELECT u.kind, max(notEmpty(u.quantities.meter))
FROM usage_events AS u
WHERE
    u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND (
        u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        OR u.ended_at > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    )
GROUP BY u.kind
