-- When did the newest window of any cost line begin? 0: there is none.
SELECT toUnixTimestamp64Micro(max(c.window_start))
FROM cost_lines AS c
WHERE NOT startsWith(c.pool, 'charge:')
SETTINGS output_format_json_quote_64bit_integers = 0
