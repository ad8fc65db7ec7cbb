-- Hours whose lines, or the generation in force, may be newer than their rollups, and hours of days
-- older than their hours: what a writer that died between insert and recompute left behind. Microseconds, ascending.
-- margin_ns: Int64, longest time from an insert's clock to its rows being readable.
SELECT toUnixTimestamp64Micro(s.hour) AS hour_us
FROM (
    SELECT
        hour, max(touched_ns) AS touched_ns, max(hour_version) AS hour_version
    FROM (
        SELECT
            toDateTime64(toStartOfHour(window_start), 6, 'UTC') AS hour,
            toUInt64(toUnixTimestamp64Nano(max(toDateTime64(inserted_at, 9, 'UTC')))) AS touched_ns,
            toUInt64(0) AS hour_version
        FROM cost_lines
        GROUP BY hour
        UNION ALL
        SELECT
            toDateTime64(toStartOfHour(window_start), 6, 'UTC') AS hour,
            toUInt64(toUnixTimestamp64Nano(max(toDateTime64(completed_at, 9, 'UTC')))),
            toUInt64(0)
        FROM complete_generations
        GROUP BY hour
        UNION ALL
        SELECT hour, toUInt64(0), max(version) FROM rollup_hourly GROUP BY hour
    )
    GROUP BY hour
) AS s
LEFT JOIN (
    SELECT day, max(version) AS day_version FROM rollup_daily GROUP BY day
) AS d ON toDate(s.hour) = d.day
WHERE s.touched_ns + {margin_ns:UInt64} >= s.hour_version OR d.day_version < s.hour_version
ORDER BY hour_us
