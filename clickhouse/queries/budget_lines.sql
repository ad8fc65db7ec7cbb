-- Which streamed lines of windows since an instant are in force? As budget_sums, but one by one; null where
-- there is no price.
-- since: Int64 microseconds of window begins.
SELECT
    c.tenant, c.project, c.model, if(startsWith(c.meter, 'gpu.'), c.job, NULL), c.pool, c.currency,
    toUnixTimestamp64Micro(c.window_start), c.line_id, c.revision,
    toInt64(indexOf(['provisional', 'final', 'corrected'], c.status) - 1),
    if(c.cost IS NULL, NULL, toInt256(reinterpretAsInt128(ifNull(c.cost, toDecimal128(0, 12))))),
    toUnixTimestamp64Micro(c.window_end), c.price_book
FROM cost_current AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND NOT startsWith(c.pool, 'charge:') AND c.generation = 0
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
