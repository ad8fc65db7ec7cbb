-- The highest generation of each (window, pool) that has one above 0, whether all its lines are there
-- or not: the next one published must be higher.
-- since, until: Int64 microseconds of window begins, half-open; window: Int64, their length; pool: String, empty for all.
SELECT toUnixTimestamp64Micro(c.window_start), c.pool, max(c.generation)
FROM cost_lines AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND toUnixTimestamp64Micro(c.window_end) - toUnixTimestamp64Micro(c.window_start)
        = {window:Int64}
    AND ({pool:String} = '' OR c.pool = {pool:String})
    AND c.generation > 0
GROUP BY c.window_start, c.pool
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
