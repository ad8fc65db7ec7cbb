-- Evidence of a stretch of time that does not count, by whose calls it is of and where. Parameters as in
-- grouped_calls.
SELECT
    if({by_source:UInt8} = 1, u.source, '') AS said_by,
    intDiv(toUnixTimestamp64Micro(u.started_at), {window:Int64}) * {window:Int64} AS window_us,
    u.tenant_reported, u.project, u.provider, u.model, u.endpoint, u.region, u.service_tier,
    count()
FROM usage_events AS u FINAL
WHERE
    u.kind = 'inference'
    AND u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND (u.source, u.epoch, u.seq, u.event_index) IN (
        SELECT source, epoch, seq, event_index
        FROM uncounted_evidence(
            since = {since:Int64}, until = {until:Int64}, window = {window:Int64},
            rank_edges = {rank_edges:Array(Int64)}, rank_keys = {rank_keys:Array(String)},
            ranks = {ranks:Array(UInt32)}
        )
    )
GROUP BY ALL
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_bytes_before_external_group_by = 268435456,
    max_result_rows = 0,
    output_format_json_quote_64bit_integers = 0
