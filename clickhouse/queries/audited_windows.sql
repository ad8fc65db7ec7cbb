-- Which windows have lines, and under which terms? One row per (window, pool).
-- since, until: Int64 microseconds of window begins, half-open.
-- A window is open while any of its lines is provisional. Final lines have a note when they are to
-- be corrected: they were rated under several versions. Pools of charges are left out: they follow
-- from other lines, not from usage.
SELECT
    c.window_start AS window_start,
    c.window_end AS window_end,
    c.pool AS pool,
    argMax(c.price_book, c.revision) AS price_book,
    argMax(c.catalog, c.revision) AS catalog,
    max(c.generation) AS generation,
    max(c.revision) AS revision,
    countIf(c.status = 'provisional') > 0 AS open,
    any(c.note) AS note
FROM cost_current AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND NOT startsWith(c.pool, 'charge:')
GROUP BY window_start, window_end, pool
ORDER BY window_start, pool
