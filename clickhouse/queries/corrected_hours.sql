-- In which hours did a correction become complete at an instant or later, by the clock of who completed it?
-- since: Int64 microseconds.
SELECT DISTINCT toInt64(intDiv(toUnixTimestamp64Micro(c.window_start), 3600000000) * 3600000000)
FROM complete_generations AS c
WHERE c.completed_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
