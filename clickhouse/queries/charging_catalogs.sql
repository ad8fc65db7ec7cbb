-- Under which catalogs were lines charged in windows that begin in a stretch of time? The catalog of
-- the last windows comes last. Of lines in force; what was settled or handed on before is left out.
-- since, until: Int64 microseconds.
SELECT c.catalog
FROM cost_current AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND NOT startsWith(c.pool, 'charge:')
GROUP BY c.catalog
ORDER BY max(c.window_start), c.catalog
