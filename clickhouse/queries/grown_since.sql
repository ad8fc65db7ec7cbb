-- When does the first hour begin of which there are costs, of those since an instant? 0: there is none.
-- since: Int64 microseconds.
SELECT toUnixTimestamp64Micro(min(h.hour))
FROM hourly AS h
WHERE h.hour >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
SETTINGS output_format_json_quote_64bit_integers = 0
