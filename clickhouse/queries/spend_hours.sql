-- What did each hour that begins in [since, until) cost, by tenant or by pool? Of the rollups: an hour is
-- there some seconds after its lines. What is settled by the month, pools charge:<what>, is left out.
-- Money is an integer of 1e-12.
-- since, until: Int64 microseconds; by: String, tenant or pool; of: String, empty for all.
SELECT
    if({by:String} = 'pool', h.pool, h.tenant) AS of_what, h.currency,
    intDiv(toUnixTimestamp64Micro(h.hour), 3600000000) AS hour_number,
    sum(toInt256(reinterpretAsInt128(h.cost))) AS pico
FROM hourly AS h
WHERE
    h.hour >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND h.hour < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND NOT startsWith(h.pool, 'charge:')
    AND ({of:String} = '' OR of_what = {of:String})
GROUP BY of_what, h.currency, hour_number
HAVING pico != 0
ORDER BY of_what, h.currency, hour_number
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
