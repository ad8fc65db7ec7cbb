-- Of which windows did batches come when they were closed? One row per (window, pool).
-- since, until: Int64 microseconds of window begins, half-open.
SELECT
    p.window_start AS window_start,
    p.window_end AS window_end,
    p.pool AS pool,
    count() AS batches
FROM late_partials AS p FINAL
WHERE
    p.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND p.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY window_start, window_end, pool
ORDER BY window_start, pool
