-- Usage events that touch a stretch of time, batch by batch, each in its original order.
-- since, until: Int64 microseconds, half-open; an event at an instant is in when the instant is.
-- pool: String, empty for all. The sort spills to disk, so memory is bounded.
SELECT
    source, epoch, seq, event_index, kind, sent_at, topic, partition, offset, started_at, ended_at,
    tenant_reported, project, provider, model, endpoint, request_id,
    input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens,
    reasoning_tokens,
    resource_kind, sku, resource_id, quantity, unit,
    node, device, holders.tenant, holders.project, holders.endpoint, holders.job, holders.held_us,
    holders.active_us, unallocated_us, stranded_us, out_of_service_us
FROM usage_events FINAL
WHERE
    started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND (
        started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        OR ended_at > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    )
    AND ({pool:String} = '' OR pool = {pool:String})
ORDER BY source, epoch, seq, event_index
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_block_size = 8192,
    max_bytes_before_external_sort = 268435456
