-- Calls of a stretch of time, summed by all that decides their payer and price.
-- since, until, window: Int64 microseconds. edges: Array(Int64), instants at which a price changes,
-- the first 0. steps: Array(UInt64), sizes of prompts from which on another price holds, the first 0.
-- by_source: 1 where it matters who reported, else 0.
-- ranked: 0 where all observers of a call count, 1 where evidence counts only if nothing comes before
-- it: rank_edges, rank_keys, ranks then say what does, see the view uncounted_evidence.
-- Tokens are summed in 128 bits, since two events can fill 64.
-- A call without tokens or quantities is not served (a hit of a gateway's cache, an attempt that was
-- refused), not counted, or zero: streams/core/call_price.py, count_nothing.
WITH
    toUnixTimestamp64Micro(u.started_at) AS at_us,
    ifNull(u.input_tokens, 0) = 0 AND ifNull(u.output_tokens, 0) = 0
        AND empty(u.quantities.meter) AS is_nothing,
    ifNull(u.gateway_cache = 'hit' OR u.status = 'rate_limited', 0) AS is_unserved
SELECT
    if({by_source:UInt8} = 1, u.source, '') AS said_by,
    greatest(
        intDiv(at_us, {window:Int64}) * {window:Int64}, roundDown(at_us, {edges:Array(Int64)})
    ) AS place_us,
    roundDown(ifNull(u.input_tokens, 0), {steps:Array(UInt64)}) AS prompt_tokens,
    u.tenant_reported, u.project, u.provider, u.model, u.endpoint, u.region, u.service_tier,
    count(),
    countIf(
        is_nothing AND NOT is_unserved AND u.input_tokens IS NULL AND u.output_tokens IS NULL
    ),
    countIf(is_nothing AND is_unserved),
    sum(toUInt128(ifNull(u.input_tokens, 0))),
    sum(toUInt128(ifNull(u.cache_read_tokens, 0))),
    sum(toUInt128(ifNull(u.cache_write_5m_tokens, 0))),
    sum(toUInt128(ifNull(u.cache_write_1h_tokens, 0))),
    sum(toUInt128(ifNull(u.output_tokens, 0))),
    sum(toUInt128(ifNull(u.reasoning_tokens, 0)))
FROM usage_events AS u FINAL
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
