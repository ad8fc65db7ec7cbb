-- Record the generations of the given hours all of whose lines are in: as many as they say there
-- are. Those that do not say so were published before lines did, and are complete at once.
-- since, until: Int64 microseconds around all hours; hours: UInt32 seconds.
INSERT INTO complete_generations (
    window_start, pool, generation, edition, revision, price_book, catalog, lines, note
)
SELECT
    l.window_start, l.pool, l.generation, l.edition,
    max(l.revision), any(l.price_book), any(l.catalog), uniqExact(l.line_id), any(l.note)
FROM cost_lines AS l
WHERE
    l.edition > 0
    AND l.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND l.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND toUnixTimestamp(toStartOfHour(l.window_start)) IN {hours:Array(UInt32)}
    AND (l.window_start, l.pool, l.edition) NOT IN (
        SELECT c.window_start, c.pool, c.edition
        FROM complete_generations AS c
        WHERE
            c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
            AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    )
GROUP BY l.window_start, l.pool, l.generation, l.edition
HAVING uniqExact(l.line_id) >= ifNull(max(l.lines_of_generation), 0)
