-- Under which terms were the lines in force drawn of windows that begin at an instant?
-- start, end: Int64 microseconds, the window's begin and end. A window is open while any of its lines
-- is provisional.
SELECT
    c.pool,
    argMax(c.price_book, c.revision),
    argMax(c.catalog, c.revision),
    any(c.currency),
    max(c.generation),
    max(c.revision),
    countIf(c.status = 'provisional') > 0,
    any(c.note)
FROM cost_current AS c
WHERE
    c.window_start = fromUnixTimestamp64Micro({start:Int64}, 'UTC')
    AND c.window_end = fromUnixTimestamp64Micro({end:Int64}, 'UTC')
GROUP BY c.pool
SETTINGS output_format_json_quote_64bit_integers = 0
