-- GPU intervals that touch a stretch of time and cross a window's end or a change of prices: those
-- that grouped_held leaves out, with what decides who pays for them. Parameters as in grouped_calls.
WITH
    toUnixTimestamp64Micro(u.started_at) AS at_us,
    toUnixTimestamp64Micro(u.ended_at) - 1 AS last_us
SELECT
    if({by_source:UInt8} = 1, u.source, '') AS said_by,
    at_us, last_us + 1, u.node, u.device, u.model, u.purchase_option,
    arrayZip(
        u.holders.tenant, u.holders.project, u.holders.endpoint, u.holders.job, u.holders.held_us,
        u.holders.active_us
    ),
    u.unallocated_us, u.stranded_us, u.out_of_service_us, u.unobserved_us
FROM usage_events AS u FINAL
WHERE
    u.kind = 'gpu'
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND (
        u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        OR u.ended_at > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    )
    AND u.started_at != u.ended_at
    AND (
        intDiv(at_us, {window:Int64}) != intDiv(last_us, {window:Int64})
        OR roundDown(at_us, {edges:Array(Int64)}) != roundDown(last_us, {edges:Array(Int64)})
    )
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_bytes_before_external_group_by = 268435456,
    max_result_rows = 0,
    output_format_json_quote_64bit_integers = 0
