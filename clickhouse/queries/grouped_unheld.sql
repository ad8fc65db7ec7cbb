-- GPU intervals and their time that nobody held, summed as in grouped_held.
WITH
    toUnixTimestamp64Micro(u.started_at) AS at_us,
    toUnixTimestamp64Micro(u.ended_at) - 1 AS last_us
SELECT
    greatest(
        intDiv(at_us, {window:Int64}) * {window:Int64}, roundDown(at_us, {edges:Array(Int64)})
    ) AS place_us,
    u.node, u.model, u.purchase_option,
    count(),
    sum(toInt128(u.unallocated_us)), sum(toInt128(u.stranded_us)),
    sum(toInt128(u.out_of_service_us)), sum(toInt128(ifNull(u.unobserved_us, 0)))
FROM usage_events AS u FINAL
WHERE
    u.kind = 'gpu'
    AND u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND (
        u.started_at = u.ended_at
        OR (
            intDiv(at_us, {window:Int64}) = intDiv(last_us, {window:Int64})
            AND roundDown(at_us, {edges:Array(Int64)}) = roundDown(last_us, {edges:Array(Int64)})
        )
    )
GROUP BY ALL
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_bytes_before_external_group_by = 268435456,
    max_result_rows = 0,
    output_format_json_quote_64bit_integers = 0
