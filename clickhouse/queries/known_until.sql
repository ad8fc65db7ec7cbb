-- Until when is cost known: the end of the newest window that begins before an instant? 0: of nothing.
-- Of windows of usage: what is settled by the month is known late, and not by the hour.
-- until: Int64 microseconds.
SELECT if(count() = 0, 0, toUnixTimestamp64Micro(max(l.window_end)))
FROM cost_lines AS l
WHERE
    l.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND NOT startsWith(l.pool, 'charge:')
SETTINGS output_format_json_quote_64bit_integers = 0
