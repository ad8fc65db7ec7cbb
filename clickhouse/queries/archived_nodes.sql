-- The nodes of GPU intervals that touch a stretch of time. since, until: Int64 microseconds.
SELECT DISTINCT u.node
FROM usage_events AS u
WHERE
    u.kind = 'gpu'
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND (
        u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        OR u.ended_at > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    )
SETTINGS max_result_rows = 0
