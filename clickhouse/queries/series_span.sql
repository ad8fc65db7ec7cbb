-- From when until when are there cost lines, since when are some provisional, and of how much are they?
-- First and newest begin of a window; the first begin of those since an instant before the newest that have a
-- provisional line, 0 without one; how many tenants with a model, and pools, there were within a day of it.
-- within: Int64 microseconds before the newest.
WITH
    (
        SELECT toUnixTimestamp64Micro(max(window_start)) FROM cost_lines
        WHERE NOT startsWith(pool, 'charge:')
    ) AS newest_us
SELECT
    toUnixTimestamp64Micro(min(c.window_start)), newest_us,
    toUnixTimestamp64Micro(
        minIf(
            c.window_start,
            c.status = 'provisional'
            AND c.window_start >= fromUnixTimestamp64Micro(newest_us - {within:Int64}, 'UTC')
        )
    ),
    toInt64(uniqIf((c.tenant, c.model, c.pool), c.window_start > fromUnixTimestamp64Micro(newest_us - 86400000000, 'UTC')))
FROM cost_lines AS c FINAL
WHERE NOT startsWith(c.pool, 'charge:')
SETTINGS output_format_json_quote_64bit_integers = 0
