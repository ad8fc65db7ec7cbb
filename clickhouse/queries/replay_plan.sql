-- How many lines have windows that begin in a stretch of time, by begin and length of the window?
-- since, until: Int64 microseconds; pool: String, empty for all. A line in several generations or not
-- yet merged counts more than once: this is for planning. Pools of charges have no usage of their own.
SELECT
    toUnixTimestamp64Micro(c.window_start) AS start_us,
    toUnixTimestamp64Micro(c.window_end) - start_us AS window_us,
    count()
FROM cost_lines AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND ({pool:String} = '' OR c.pool = {pool:String})
    AND NOT startsWith(c.pool, 'charge:')
GROUP BY start_us, window_us
ORDER BY start_us, window_us
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
