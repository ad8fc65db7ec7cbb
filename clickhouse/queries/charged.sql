-- What was used and charged under a catalog in windows that begin in a stretch of time, by payer and
-- meter? Of lines in force; quantity and money are integers of 1e-12. What an adjustment settled before
-- is left out.
-- since, until: Int64 microseconds. catalog: String.
SELECT
    c.tenant, c.provider, c.model, c.kind, c.meter, c.unit,
    sum(toInt256(reinterpretAsInt128(c.quantity))),
    sum(toInt256(reinterpretAsInt128(ifNull(c.billed_cost, c.cost)))),
    c.currency, countIf(c.status = 'provisional')
FROM cost_current AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND c.catalog = {catalog:String}
    AND NOT startsWith(c.pool, 'charge:')
    AND c.cost IS NOT NULL
GROUP BY c.tenant, c.provider, c.model, c.kind, c.meter, c.unit, c.currency
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
