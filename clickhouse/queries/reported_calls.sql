-- Which calls of a window were reported, by whom and as whose: the first few of each group, and how
-- many it has. since, until: Int64 microseconds; few: UInt8.
SELECT
    u.source, u.tenant_reported, u.project, u.provider, u.model, u.endpoint, u.region,
    u.service_tier,
    count() OVER (
        PARTITION BY u.source, u.tenant_reported, u.project, u.provider, u.model, u.endpoint,
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
    u.source, u.tenant_reported, u.project, u.provider, u.model, u.endpoint, u.region,
    u.service_tier
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_result_rows = 0,
    output_format_json_quote_64bit_integers = 0
