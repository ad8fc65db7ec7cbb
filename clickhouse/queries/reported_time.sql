-- Which GPU time of a window was reported as held, by whom and as whose: the first few intervals of each
-- holder, and how many it has. Intervals that reach over the window's ends are whole. Parameters as
-- in reported_calls.
SELECT
    u.source, u.node, u.model, h.1, h.2, h.3, h.4,
    count() OVER (PARTITION BY u.source, u.node, u.model, h.1, h.2, h.3, h.4) AS events,
    toUnixTimestamp64Micro(u.started_at) AS at_us, u.epoch, u.seq, u.event_index,
    u.device, h.5, h.6
FROM usage_events AS u FINAL
ARRAY JOIN arrayZip(
    u.holders.tenant, u.holders.project, u.holders.endpoint, u.holders.job, u.holders.held_us,
    u.holders.active_us
) AS h
WHERE
    u.kind = 'gpu'
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND (
        u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        OR u.ended_at > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    )
ORDER BY at_us, u.source, u.epoch, u.seq, u.event_index
LIMIT {few:UInt8} BY u.source, u.node, u.model, h.1, h.2, h.3, h.4
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_result_rows = 0,
    output_format_json_quote_64bit_integers = 0
