-- Which windows have lines, and under which terms? One row per (window, pool).
-- since, until: Int64 microseconds of window begins, half-open.
-- A window is open while any of its lines is provisional.
SELECT
    c.window_start AS window_start,
    c.window_end AS window_end,
    c.pool AS pool,
    max(c.price_book) AS price_book,
    max(c.catalog) AS catalog,
    max(c.generation) AS generation,
    max(c.revision) AS revision,
    countIf(c.status = 'provisional') > 0 AS open
FROM cost_current AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY window_start, window_end, pool
ORDER BY window_start, pool
