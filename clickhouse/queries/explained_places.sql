-- In which windows around an instant did a tenant ever have lines? The key begins with the tenant.
-- tenant, pool: String, pool empty for all; at: Int64 microseconds, 0: its latest; longest: Int64, how
-- long a window may be. Windows of charges are settled by the month: they are not its latest.
WITH if(
    {at:Int64} != 0,
    {at:Int64},
    (
        SELECT toUnixTimestamp64Micro(max(window_start))
        FROM cost_lines
        WHERE
            tenant = {tenant:String}
            AND ({pool:String} = '' OR pool = {pool:String})
            AND NOT startsWith(pool, 'charge:')
    )
) AS at_us
SELECT DISTINCT
    toUnixTimestamp64Micro(c.window_start), toUnixTimestamp64Micro(c.window_end), c.pool
FROM cost_lines AS c
WHERE
    c.tenant = {tenant:String}
    AND ({pool:String} = '' OR c.pool = {pool:String})
    AND c.window_start > fromUnixTimestamp64Micro(at_us - {longest:Int64}, 'UTC')
    AND c.window_start <= fromUnixTimestamp64Micro(at_us, 'UTC')
    AND c.window_end > fromUnixTimestamp64Micro(at_us, 'UTC')
ORDER BY ALL
SETTINGS output_format_json_quote_64bit_integers = 0
