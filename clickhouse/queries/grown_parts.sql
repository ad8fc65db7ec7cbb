-- What did a day of a tenant cost, and the same day of the week in the weeks before it, by model, project and
-- pool? Of the rollups; what is settled by the month is left out. Money is an integer of 1e-12.
-- tenant, model, currency: String, an empty model for all; since: Int64 microseconds, the first day's begin;
-- day: Int64 microseconds, the last one's.
SELECT
    h.model, h.project, h.pool, intDiv(toUnixTimestamp64Micro(h.hour), 86400000000) AS day_number,
    sum(toInt256(reinterpretAsInt128(h.cost))) AS pico
FROM hourly AS h
WHERE
    h.tenant = {tenant:String} AND h.currency = {currency:String}
    AND ({model:String} = '' OR h.model = {model:String})
    AND NOT startsWith(h.pool, 'charge:')
    AND h.hour >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND h.hour < fromUnixTimestamp64Micro({day:Int64} + 86400000000, 'UTC')
    AND day_number % 7 = intDiv({day:Int64}, 86400000000) % 7
GROUP BY h.model, h.project, h.pool, day_number
HAVING pico != 0
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
