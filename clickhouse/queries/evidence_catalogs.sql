-- Under which catalogs were lines of evidence drawn in windows that begin in a stretch of time? Of lines in
-- force, those that say zero, too. since, until: Int64 microseconds.
SELECT DISTINCT c.catalog
FROM cost_current AS c
WHERE
    c.kind = 'evidence'
    AND c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
ORDER BY c.catalog
