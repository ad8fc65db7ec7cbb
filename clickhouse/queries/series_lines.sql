-- Which streamed lines of windows since an instant are there, whatever was corrected since? As series_sums,
-- but one by one. What has no price comes to nothing. A status is its rank: provisional 0, final 1.
-- since: Int64 microseconds of window begins.
SELECT
    toUnixTimestamp64Micro(c.window_start), toUnixTimestamp64Micro(c.window_end),
    c.line_id, c.revision, toInt64(indexOf(['provisional', 'final'], c.status) - 1),
    c.tenant, ifNull(c.model, ''), ifNull(c.project, ''), c.pool, c.currency,
    pico,
    if(NOT is_token AND c.kind IN ('held_idle', 'idle_share'), pico, 0),
    if(is_token, pico, 0),
    if(is_token AND c.cost IS NOT NULL, toInt256(reinterpretAsInt128(c.quantity)), 0)
FROM (
    SELECT
        *,
        startsWith(meter, 'tokens.') AS is_token,
        toInt256(reinterpretAsInt128(ifNull(cost, toDecimal128(0, 12)))) AS pico
    FROM cost_lines FINAL
    WHERE
        window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND edition = 0 AND NOT startsWith(pool, 'charge:')
) AS c
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
