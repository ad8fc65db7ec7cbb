-- What did lines in force of a tenant come to, by the stretch in which their window begins? Of one model of it, or
-- of all. What has no price is left out. Money is an integer of 1e-12.
-- tenant, model, currency: String, an empty model for all; since, until: Int64 microseconds of window begins,
-- half-open; period: Int64 microseconds.
SELECT
    intDiv(toUnixTimestamp64Micro(c.window_start), {period:Int64}) * {period:Int64} AS begin_us,
    sum(toInt256(reinterpretAsInt128(assumeNotNull(c.cost))))
FROM cost_current AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND c.tenant = {tenant:String} AND c.currency = {currency:String}
    AND ({model:String} = '' OR c.model = {model:String})
    AND NOT startsWith(c.pool, 'charge:') AND c.cost IS NOT NULL
GROUP BY begin_us
ORDER BY begin_us
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
