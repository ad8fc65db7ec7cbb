-- The highest generation of each (window, pool) that anything was published under, complete or not.
-- since, until: Int64 microseconds of window begins, half-open.
SELECT
    c.window_start AS window_start, c.window_end AS window_end, c.pool AS pool,
    max(c.generation) AS generation
FROM cost_lines AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY window_start, window_end, pool
ORDER BY window_start, pool
