-- Of which hours were the quarters drawn before the lines changed, or never? The newest hour is not over, and
-- hours of long ago are not asked for. Begins in microseconds, the newest first. An hour's rollup is newer than
-- its lines; quarters are as new as their rollup when their version is higher.
-- within: Int64 microseconds before the newest hour; limit: Int64.
WITH (SELECT max(hour) FROM rollup_hourly) AS newest
SELECT toUnixTimestamp64Micro(h.hour) AS hour_us
FROM (
    SELECT hour, max(version) AS version
    FROM rollup_hourly
    WHERE
        hour >= fromUnixTimestamp64Micro(toUnixTimestamp64Micro(newest) - {within:Int64}, 'UTC')
        AND hour < newest
    GROUP BY hour
) AS h
LEFT JOIN (
    SELECT toDateTime64(toStartOfHour(quarter), 6, 'UTC') AS hour, max(version) AS version
    FROM series_quarters
    WHERE quarter >= fromUnixTimestamp64Micro(toUnixTimestamp64Micro(newest) - {within:Int64}, 'UTC')
    GROUP BY hour
) AS q ON h.hour = q.hour
WHERE q.version < h.version
ORDER BY hour_us DESC
LIMIT {limit:Int64}
