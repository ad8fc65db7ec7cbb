-- Which sources told of calls with an id of their response, from a stretch of time? Of one (provider,
-- response_id) several may. since, until: Int64 microseconds.
SELECT DISTINCT u.source
FROM usage_events AS u
WHERE
    u.kind = 'inference'
    AND u.response_id != ''
    AND u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
SETTINGS max_result_rows = 0
