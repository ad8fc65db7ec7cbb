-- What did lines in force come to, by the stretch in which their window begins, and by whom and what series
-- are of? In the order of time. Idle: of it, time that nobody worked in. Token cost, tokens: of it, what was
-- paid by the token, and for how many. What has no price is left out. Money and tokens are integers of 1e-12.
-- since, until: Int64 microseconds of window begins, half-open; period: Int64 microseconds.
SELECT
    intDiv(toUnixTimestamp64Micro(c.window_start), {period:Int64}) * {period:Int64} AS begin_us,
    max(toUnixTimestamp64Micro(c.window_end)),
    c.tenant, ifNull(c.model, '') AS of_model, ifNull(c.project, '') AS of_project, c.pool, c.currency,
    sum(pico),
    sumIf(pico, NOT is_token AND c.kind IN ('held_idle', 'idle_share')),
    sumIf(pico, is_token),
    sumIf(toInt256(reinterpretAsInt128(c.quantity)), is_token)
FROM (
    SELECT
        *,
        startsWith(meter, 'tokens.') AS is_token,
        toInt256(reinterpretAsInt128(assumeNotNull(cost))) AS pico
    FROM cost_current
    WHERE
        window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
        AND NOT startsWith(pool, 'charge:') AND cost IS NOT NULL
) AS c
GROUP BY begin_us, c.tenant, of_model, of_project, c.pool, c.currency
ORDER BY begin_us
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
