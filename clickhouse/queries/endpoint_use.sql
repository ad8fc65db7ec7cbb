-- Which endpoints were called, and which held GPUs of which nodes? By the hour: calls, tokens, and GPU
-- microseconds held; node is empty for calls.
-- since, until: Int64 microseconds.
SELECT
    intDiv(toUnixTimestamp64Micro(u.started_at), 3600000000) * 3600000000 AS hour_us,
    u.endpoint AS endpoint, '' AS node,
    toInt64(count()) AS calls,
    toInt64(sum(ifNull(u.input_tokens, 0) + ifNull(u.output_tokens, 0))) AS tokens,
    toInt64(0) AS held_us
FROM usage_events AS u FINAL
WHERE
    u.kind = 'inference' AND u.endpoint IS NOT NULL
    AND u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY hour_us, endpoint
UNION ALL
SELECT
    intDiv(toUnixTimestamp64Micro(u.started_at), 3600000000) * 3600000000 AS hour_us,
    h.1 AS endpoint, ifNull(u.node, '') AS node, toInt64(0), toInt64(0), toInt64(sum(h.2))
FROM usage_events AS u FINAL
ARRAY JOIN arrayZip(u.holders.endpoint, u.holders.held_us) AS h
WHERE
    u.kind = 'gpu' AND ifNull(h.1, '') != ''
    AND u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY hour_us, endpoint, node
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_result_rows = 0,
    output_format_json_quote_64bit_integers = 0
