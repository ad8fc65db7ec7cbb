-- At which prices was what calls used bought, by lines in force: by whom, from whom, which meter, where and at
-- which tier? Of lines that differ by less than a millionth one, the dearest, and the begins of the first and last
-- window. Prices of what cost less than a millionth cannot be told; what was paid by the time is left out.
-- Money and quantities are integers of 1e-12. since, until: Int64 microseconds of window begins, half-open.
SELECT
    c.tenant, c.pool, ifNull(c.provider, '') AS of_provider, ifNull(c.model, '') AS of_model, c.meter, c.unit,
    ifNull(c.region, '') AS of_region, ifNull(c.service_tier, '') AS of_tier, c.currency,
    max((c.pico, c.amount)).1, max((c.pico, c.amount)).2,
    toUnixTimestamp64Micro(min(c.window_start)), toUnixTimestamp64Micro(max(c.window_start))
FROM (
    SELECT
        *,
        toInt256(reinterpretAsInt128(assumeNotNull(cost))) AS pico,
        toInt256(reinterpretAsInt128(quantity)) AS amount
    FROM cost_current
    WHERE
        window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
        AND (startsWith(meter, 'tokens.') OR startsWith(meter, 'call.'))
        AND NOT startsWith(pool, 'charge:') AND model IS NOT NULL AND quantity > 0 AND cost >= toDecimal128('0.000001', 12)
) AS c
GROUP BY
    c.tenant, c.pool, of_provider, of_model, c.meter, c.unit, of_region, of_tier, c.currency,
    round(log(toFloat64(c.pico) / toFloat64(c.amount)), 6)
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
