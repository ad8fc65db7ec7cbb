-- Which calls of a window were reported, by whom and as whose: the first few of each group, and how
-- many it has. Those that another observer told of, too, and that do not count, are apart.
-- since, until: Int64 microseconds; few: UInt8; other parameters as in grouped_calls.
WITH
    {ranked:UInt8} = 1 AND (u.source, u.epoch, u.seq, u.event_index) IN (
        SELECT source, epoch, seq, event_index
        FROM uncounted_evidence(
            since = {since:Int64}, until = {until:Int64}, window = {window:Int64},
            rank_edges = {rank_edges:Array(Int64)}, rank_keys = {rank_keys:Array(String)},
            ranks = {ranks:Array(UInt32)}
        )
    ) AS is_uncounted
SELECT
    is_uncounted, u.source, u.tenant_reported, u.project, u.provider, u.model, u.endpoint, u.region,
    u.service_tier,
    count() OVER (
        PARTITION BY is_uncounted, u.source, u.tenant_reported, u.project, u.provider, u.model, u.endpoint,
        u.region, u.service_tier
    ) AS events,
    toUnixTimestamp64Micro(u.started_at) AS at_us, u.epoch, u.seq, u.event_index,
    u.request_id, u.input_tokens, u.output_tokens
FROM usage_events AS u FINAL
WHERE
    u.kind = 'inference'
    AND u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
ORDER BY at_us, u.source, u.epoch, u.seq, u.event_index
LIMIT {few:UInt8} BY
    is_uncounted, u.source, u.tenant_reported, u.project, u.provider, u.model, u.endpoint, u.region,
    u.service_tier
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_result_rows = 0,
    output_format_json_quote_64bit_integers = 0
