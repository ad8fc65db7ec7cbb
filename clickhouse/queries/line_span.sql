-- From when to when are there lines or events, and how long is a window? Microseconds; 0, 0, 0
-- when there is nothing. Where no line was ever drawn, what came late tells how long a window is.
-- Pools of charges are settled by the month and have no usage of their own.
SELECT
    least(
        if(l.first_us = 0, e.first_us, l.first_us), if(e.first_us = 0, l.first_us, e.first_us)
    ) AS first_us,
    greatest(l.last_us, e.last_us) AS last_us,
    if(l.window_us = 0, p.window_us, l.window_us) AS window_us
FROM (
    SELECT
        if(count() = 0, 0, toUnixTimestamp64Micro(min(window_start))) AS first_us,
        if(count() = 0, 0, toUnixTimestamp64Micro(max(window_start))) AS last_us,
        if(count() = 0, 0, toUnixTimestamp64Micro(max(window_end)) - last_us) AS window_us
    FROM cost_lines
    WHERE NOT startsWith(pool, 'charge:')
) AS l
CROSS JOIN (
    SELECT
        if(count() = 0, 0, toUnixTimestamp64Micro(min(started_at))) AS first_us,
        if(count() = 0, 0, toUnixTimestamp64Micro(max(started_at))) AS last_us
    FROM usage_events
) AS e
CROSS JOIN (
    SELECT
        if(count() = 0, 0, toUnixTimestamp64Micro(max(window_end)) - toUnixTimestamp64Micro(max(window_start)))
            AS window_us
    FROM late_partials
) AS p
