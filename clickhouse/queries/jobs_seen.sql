-- Which jobs held GPUs lately, and in which window last? Of any line there is, in force or not: it is only
-- asked whom to look at. Lately: within some time before the newest window of all.
-- within: Int64 microseconds; tenants, jobs: Array(String), empty jobs for all.
WITH (SELECT max(window_start) FROM cost_lines) AS newest
SELECT c.tenant, assumeNotNull(c.job) AS of_job, c.currency, toUnixTimestamp64Micro(max(c.window_start))
FROM cost_lines AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro(toUnixTimestamp64Micro(newest) - {within:Int64}, 'UTC')
    AND c.job IS NOT NULL AND startsWith(c.meter, 'gpu.')
    AND (
        empty({jobs:Array(String)})
        OR (c.tenant IN {tenants:Array(String)} AND c.job IN {jobs:Array(String)})
    )
GROUP BY c.tenant, of_job, c.currency
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
