-- Is every archived event on a line or passed on as late? One row per (window, pool).
-- since, until: Int64 microseconds of window begins, half-open; window_us: length of a window.
-- archived: events that begin in the window, by the pool they were attributed to;
-- counted: events on the lines in force; late: events that came after the window had closed.
-- As streamed (generation 0) archived = counted + late; once repaired, late events are on lines,
-- all of them or those that had come by then.
SELECT
    t.window_start AS window_start,
    t.pool AS pool,
    sum(t.archived) AS archived,
    sum(t.counted) AS counted,
    sum(t.late) AS late,
    max(t.generation) AS generation,
    archived - counted AS uncounted,
    if(max(t.generation) = 0, uncounted = sum(t.late), uncounted >= 0 AND uncounted <= sum(t.late))
        AS balanced
FROM (
    SELECT
        fromUnixTimestamp64Micro(
            intDiv(toUnixTimestamp64Micro(u.started_at), {window_us:Int64}) * {window_us:Int64},
            'UTC'
        ) AS window_start,
        u.pool AS pool,
        toInt64(1) AS archived, toInt64(0) AS counted, toInt64(0) AS late, toInt64(0) AS generation
    FROM usage_events AS u FINAL
    WHERE
        u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    UNION ALL
    SELECT c.window_start, c.pool, 0, c.events, 0, c.generation
    FROM cost_current AS c
    WHERE
        c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    UNION ALL
    SELECT p.window_start, p.pool, 0, 0, p.events, 0
    FROM late_partials AS p FINAL
    WHERE
        p.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND p.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
) AS t
GROUP BY t.window_start, t.pool
ORDER BY balanced, window_start, pool
SETTINGS do_not_merge_across_partitions_select_final = 1
