-- What did each hour that begins in [since, until) cost each tenant by model? Of the rollups. Of a tenant that
-- is nobody's row there is nothing, nor of what is settled by the month, pools charge:<what>. Money is an
-- integer of 1e-12.
-- since, until: Int64 microseconds; nobody: String, the tenant that capacity nobody could take is put to.
SELECT
    h.tenant, h.model, h.currency, intDiv(toUnixTimestamp64Micro(h.hour), 3600000000) AS hour_number,
    sum(toInt256(reinterpretAsInt128(h.cost))) AS pico
FROM hourly AS h
WHERE
    h.hour >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND h.hour < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND NOT startsWith(h.pool, 'charge:')
    AND h.tenant != {nobody:String}
GROUP BY h.tenant, h.model, h.currency, hour_number
HAVING pico != 0
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
