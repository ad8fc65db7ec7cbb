-- What calls of a stretch of time are priced by beside their totals, summed as in grouped_calls.
-- Quantities in 1e-12 of their unit.
WITH toUnixTimestamp64Micro(u.started_at) AS at_us
SELECT
    if({by_source:UInt8} = 1, u.source, '') AS said_by,
    greatest(
        intDiv(at_us, {window:Int64}) * {window:Int64}, roundDown(at_us, {edges:Array(Int64)})
    ) AS place_us,
    roundDown(ifNull(u.input_tokens, 0), {steps:Array(UInt64)}) AS prompt_tokens,
    u.tenant_reported, u.project, u.provider, u.model, u.endpoint, u.region, u.service_tier,
    q.1, q.2,
    sum(toInt256(reinterpretAsInt128(q.3)))
FROM usage_events AS u FINAL
ARRAY JOIN arrayZip(u.quantities.meter, u.quantities.unit, u.quantities.quantity) AS q
WHERE
    u.kind = 'inference'
    AND u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND (
        {ranked:UInt8} = 0
        OR (u.source, u.epoch, u.seq, u.event_index) NOT IN (
            SELECT source, epoch, seq, event_index
            FROM uncounted_evidence(
                since = {since:Int64}, until = {until:Int64}, window = {window:Int64},
                rank_edges = {rank_edges:Array(Int64)}, rank_keys = {rank_keys:Array(String)},
                ranks = {ranks:Array(UInt32)}
            )
        )
    )
GROUP BY ALL
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_bytes_before_external_group_by = 268435456,
    max_result_rows = 0,
    output_format_json_quote_64bit_integers = 0
