-- What was used and spent in windows that begin in a stretch of time, by payer, pool and meter? Of
-- lines in force; quantity and money are integers of 1e-12, an unpriced line costs nothing yet.
-- What follows from other lines, pools charge:<what>, is left out.
-- since, until: Int64 microseconds.
SELECT
    c.tenant, c.pool, c.kind, c.meter, c.unit,
    sum(toInt256(reinterpretAsInt128(c.quantity))),
    sum(toInt256(reinterpretAsInt128(ifNull(c.cost, toDecimal128(0, 12))))),
    sum(toInt256(reinterpretAsInt128(ifNull(c.list_cost, ifNull(c.cost, toDecimal128(0, 12)))))),
    sum(toInt256(reinterpretAsInt128(ifNull(c.billed_cost, ifNull(c.cost, toDecimal128(0, 12)))))),
    c.currency, countIf(c.status = 'provisional')
FROM cost_current AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND NOT startsWith(c.pool, 'charge:')
GROUP BY c.tenant, c.pool, c.kind, c.meter, c.unit, c.currency
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
