-- GPU time held, summed by all that decides its pool, holder and price: intervals that begin in a
-- stretch of time and lie in one window, between the same changes of prices. Parameters as in
-- grouped_calls.
WITH
    toUnixTimestamp64Micro(u.started_at) AS at_us,
    toUnixTimestamp64Micro(u.ended_at) - 1 AS last_us
SELECT
    if({by_source:UInt8} = 1, u.source, '') AS said_by,
    greatest(
        intDiv(at_us, {window:Int64}) * {window:Int64}, roundDown(at_us, {edges:Array(Int64)})
    ) AS place_us,
    u.node, u.model, u.purchase_option,
    h.1, h.2, h.3, h.4,
    sum(toInt128(h.5)), sum(toInt128(h.6))
FROM usage_events AS u FINAL
ARRAY JOIN arrayZip(
    u.holders.tenant, u.holders.project, u.holders.endpoint, u.holders.job, u.holders.held_us,
    u.holders.active_us
) AS h
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
