-- Which quantities of resources of a window were reported, by whom and as whose: the first few of each
-- group, and how many it has, in 1e-12 of their unit. Those that reach over the window's ends are
-- whole. Parameters as in reported_calls.
SELECT
    u.source, u.tenant_reported, u.project, u.resource_kind, u.sku, u.resource_id, u.unit,
    count() OVER (
        PARTITION BY u.source, u.tenant_reported, u.project, u.resource_kind, u.sku, u.resource_id,
        u.unit
    ) AS events,
    toUnixTimestamp64Micro(u.started_at) AS at_us, u.epoch, u.seq, u.event_index,
    toUnixTimestamp64Micro(u.ended_at), reinterpretAsInt128(assumeNotNull(u.quantity))
FROM usage_events AS u FINAL
WHERE
    u.kind = 'resource'
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND (
        u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        OR u.ended_at > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    )
ORDER BY at_us, u.source, u.epoch, u.seq, u.event_index
LIMIT {few:UInt8} BY
    u.source, u.tenant_reported, u.project, u.resource_kind, u.sku, u.resource_id, u.unit
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_result_rows = 0,
    output_format_json_quote_64bit_integers = 0
