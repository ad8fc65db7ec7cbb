-- In which hours may lines not be what the archive makes? Those with provisional lines, with late
-- partials newer than the last correction of their window, and the last ones that have lines:
-- events after them may have none yet. Begins of hours, microseconds.
WITH corrected AS (
    SELECT e.window_start AS window_start, e.pool AS pool, max(e.at) AS at
    FROM (
        SELECT c.window_start AS window_start, c.pool AS pool, min(c.inserted_at) AS at
        FROM cost_lines AS c
        WHERE (c.window_start, c.pool, c.edition) IN (
            SELECT g.window_start, g.pool, g.edition FROM complete_generations AS g
        )
        GROUP BY window_start, pool, c.edition
    ) AS e
    GROUP BY window_start, pool
)
SELECT DISTINCT toInt64(toUnixTimestamp(toStartOfHour(s.at))) * 1000000 AS hour_us
FROM (
    SELECT c.window_start AS at
    FROM cost_current AS c
    WHERE c.status = 'provisional'
    UNION ALL
    SELECT p.window_start
    FROM late_partials AS p FINAL
    LEFT JOIN corrected AS d ON d.window_start = p.window_start AND d.pool = p.pool
    WHERE d.at < p.inserted_at
    UNION ALL
    SELECT u.started_at
    FROM usage_events AS u
    WHERE u.started_at >= (SELECT max(l.window_start) - INTERVAL 2 HOUR FROM cost_lines AS l)
) AS s
ORDER BY hour_us
