-- From when until when are there cost lines, and since when are some provisional? First and newest begin of a
-- window; the first begin of those since an instant before the newest that have a provisional line, 0 without one.
-- within: Int64 microseconds before the newest.
WITH
    (
        SELECT (toUnixTimestamp64Micro(min(window_start)), toUnixTimestamp64Micro(max(window_start)))
        FROM cost_lines
        WHERE NOT startsWith(pool, 'charge:')
    ) AS span
SELECT span.1, span.2, toUnixTimestamp64Micro(minIf(c.window_start, c.status = 'provisional'))
FROM cost_lines AS c FINAL
WHERE
    c.window_start >= fromUnixTimestamp64Micro(span.2 - {within:Int64}, 'UTC')
    AND NOT startsWith(c.pool, 'charge:')
SETTINGS output_format_json_quote_64bit_integers = 0
