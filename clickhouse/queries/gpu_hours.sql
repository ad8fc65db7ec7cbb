-- How was GPU time used in each hour that begins in [since, until), by pool, by endpoint and pool, or by
-- GPU? GPU time in microseconds, money an integer of 1e-12, 0 where nothing has a price.
-- since, until: Int64 microseconds; by: String, pool, endpoint or gpu.
SELECT
    g.pool,
    if({by:String} = 'endpoint', g.endpoint, '') AS of_endpoint,
    if({by:String} = 'gpu', g.node, '') AS of_node,
    if({by:String} = 'gpu', g.device, '') AS of_device,
    g.currency,
    toUnixTimestamp64Micro(toDateTime64(g.hour, 6, 'UTC')) AS hour_us,
    sum(g.seen_us), sum(g.active_us), sum(g.unpriced_us),
    sum(toInt256(reinterpretAsInt128(ifNull(g.cost, toDecimal128(0, 12))))),
    sum(toInt256(reinterpretAsInt128(ifNull(g.unworked_cost, toDecimal128(0, 12)))))
FROM gpu_use AS g
WHERE
    g.hour >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND g.hour < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND ({by:String} != 'endpoint' OR g.endpoint != '')
GROUP BY g.pool, of_endpoint, of_node, of_device, g.currency, hour_us
ORDER BY g.pool, of_endpoint, of_node, of_device, g.currency, hour_us
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
