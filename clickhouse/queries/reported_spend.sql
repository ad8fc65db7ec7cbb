-- What producers reported for whom, at list price. One row per kind, source, tenant, model or sku,
-- endpoint and stretch. since, until: Int64 microseconds; window: length of a window; edges:
-- Array(Int64), instants at which a catalog changes, the first 0: a stretch is named by the last one
-- before its windows. spend in 1e-12 of the currency, null where nothing has a price; GPU time is
-- that of each holder, at its part of what the interval costs, rounded down at 12 decimals.
-- ranked, rank_edges, rank_keys, ranks: as in grouped_calls.
WITH
    toUnixTimestamp64Micro(u.started_at) AS at_us,
    roundDown(intDiv(at_us, {window:Int64}) * {window:Int64}, {edges:Array(Int64)}) AS stretch_us
SELECT
    stretch_us, u.kind, u.source, u.tenant_reported AS reported,
    ifNull(u.model, u.sku) AS what, u.endpoint, u.currency,
    count() AS events,
    toInt64(sum(ifNull(u.input_tokens, 0)) + sum(ifNull(u.output_tokens, 0))) AS tokens,
    sum(toInt256(reinterpretAsInt128(u.list_cost))) AS spend
FROM usage_events AS u FINAL
WHERE
    u.kind != 'gpu'
    AND NOT startsWith(ifNull(u.resource_kind, ''), 'commitment:')
    AND NOT startsWith(ifNull(u.resource_kind, ''), 'shared:')
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
UNION ALL
SELECT
    stretch_us, u.kind, u.source, h.1 AS reported, u.model AS what, NULL AS endpoint, u.currency,
    count() AS events,
    toInt64(0) AS tokens,
    sum(
        intDiv(
            toInt256(reinterpretAsInt128(u.list_cost)) * h.2,
            greatest(toUnixTimestamp64Micro(u.ended_at) - at_us, 1)
        )
    ) AS spend
FROM usage_events AS u FINAL
ARRAY JOIN arrayZip(u.holders.tenant, u.holders.held_us, u.holders.endpoint) AS h
WHERE
    u.kind = 'gpu'
    AND empty(ifNull(h.3, ''))
    AND u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY ALL
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_bytes_before_external_group_by = 268435456,
    max_result_rows = 0,
    output_format_json_quote_64bit_integers = 0
