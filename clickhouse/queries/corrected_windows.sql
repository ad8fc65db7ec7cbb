-- Which windows that begin at an instant or later have a correction in force, in which pool?
-- since: Int64 microseconds.
SELECT DISTINCT toUnixTimestamp64Micro(c.window_start), c.pool
FROM complete_generations AS c
WHERE c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
