-- What was spent in windows that begin in [since, until), by tenant or by pool? Of lines in force; money is
-- an integer of 1e-12, unpriced lines cost nothing yet.
-- since, until: Int64 microseconds; by: String, tenant or pool; of: String, empty for all.
SELECT
    if({by:String} = 'pool', c.pool, c.tenant) AS of_what, c.currency,
    sum(toInt256(reinterpretAsInt128(ifNull(c.cost, toDecimal128(0, 12))))) AS pico,
    countIf(c.cost IS NULL), countIf(c.status = 'provisional')
FROM cost_current AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND ({of:String} = '' OR of_what = {of:String})
GROUP BY of_what, c.currency
ORDER BY of_what, c.currency
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
