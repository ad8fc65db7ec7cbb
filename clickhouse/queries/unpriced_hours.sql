-- In which hours are lines in force that have no price, and of which models? Microseconds.
-- Without FINAL: lines only ever join a window, so an older revision of one says the same.
SELECT
    toInt64(toUnixTimestamp(toStartOfHour(l.window_start))) * 1000000 AS hour_us,
    groupUniqArray(ifNull(l.model, '')) AS models
FROM (
    SELECT window_start, pool, edition, model FROM cost_lines WHERE cost IS NULL
) AS l
LEFT JOIN (
    SELECT g.window_start, g.pool, argMax(g.edition, (g.generation, g.revision, g.edition)) AS edition
    FROM complete_generations AS g
    GROUP BY g.window_start, g.pool
) AS newest ON newest.window_start = l.window_start AND newest.pool = l.pool
WHERE l.edition = ifNull(newest.edition, 0)
GROUP BY hour_us
ORDER BY hour_us
