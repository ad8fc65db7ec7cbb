-- In which hours may lines not be what the archive makes? Begins of hours, microseconds.
-- Those with late partials newer than the last correction of their window; with final lines that say
-- why they are to be corrected; with windows of one begin that were all closed and drawn under several
-- catalogs, which may put an event in two pools or in none, unless a person has replayed one of them.
-- lost_log: 1 when partials are gone. Then also those with provisional lines, and the last ones that
-- have lines: events after them may have none yet.
-- days: for how many days before the last lines catalogs are looked at.
-- by_itself: Array(String), the notes of generations that a repair published.
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
    WHERE {lost_log:UInt8} = 1 AND c.status = 'provisional'
    UNION ALL
    SELECT l.window_start
    FROM cost_lines AS l
    LEFT ANTI JOIN complete_generations AS g
        ON g.window_start = l.window_start AND g.pool = l.pool
    WHERE l.status = 'final' AND l.note IS NOT NULL
    UNION ALL
    SELECT c.window_start
    FROM cost_current AS c
    WHERE
        c.window_start >= (SELECT max(l.window_start) FROM cost_lines AS l) - toIntervalDay({days:UInt16})
        AND NOT startsWith(c.pool, 'charge:') -- those follow from other lines, under no catalog
    GROUP BY c.window_start
    HAVING
        uniqExact(c.catalog) > 1
        AND countIf(c.status = 'provisional') = 0
        AND countIf(ifNull(c.note, '') != '' AND NOT has({by_itself:Array(String)}, ifNull(c.note, ''))) = 0
    UNION ALL
    SELECT p.window_start
    FROM late_partials AS p FINAL
    LEFT JOIN corrected AS d ON d.window_start = p.window_start AND d.pool = p.pool
    WHERE d.at < p.inserted_at
    UNION ALL
    SELECT u.started_at
    FROM usage_events AS u
    WHERE
        {lost_log:UInt8} = 1
        AND u.started_at >= (SELECT max(l.window_start) - INTERVAL 2 HOUR FROM cost_lines AS l)
) AS s
ORDER BY hour_us
