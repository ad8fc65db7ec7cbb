-- Hours with lines of generations that are not recorded as complete. Microseconds, ascending.
SELECT DISTINCT
    toUnixTimestamp64Micro(toDateTime64(toStartOfHour(l.window_start), 6, 'UTC')) AS hour_us
FROM cost_lines AS l
WHERE
    l.edition > 0
    AND (l.window_start, l.pool, l.edition) NOT IN (
        SELECT c.window_start, c.pool, c.edition FROM complete_generations AS c
    )
ORDER BY hour_us
