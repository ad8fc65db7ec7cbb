-- Which GPUs were reported in a window, by whom? Parameters as in reported_calls, without few.
SELECT u.source, u.node, u.model, u.purchase_option, uniqExact(u.device), count()
FROM usage_events AS u FINAL
WHERE
    u.kind = 'gpu'
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND (
        u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        OR u.ended_at > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    )
GROUP BY ALL
ORDER BY ALL
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_result_rows = 0,
    output_format_json_quote_64bit_integers = 0
