-- What is each tenant charged above what it costs, in windows that begin in a stretch of time? Of
-- lines in force; money is an integer of 1e-12. Unpriced lines cost, and are charged, nothing yet.
-- since, until: Int64 microseconds.
SELECT
    c.tenant, c.currency,
    sum(toInt256(reinterpretAsInt128(c.cost))) AS pico,
    sum(toInt256(reinterpretAsInt128(ifNull(c.list_cost, c.cost)))),
    sum(toInt256(reinterpretAsInt128(ifNull(c.billed_cost, c.cost)))),
    countIf(c.status = 'provisional')
FROM cost_current AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND c.cost IS NOT NULL
GROUP BY c.tenant, c.currency
ORDER BY pico DESC, c.tenant, c.currency
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
