-- Usage events of one kind that touch a stretch of time, batch by batch, each in its original order.
-- since, until: Int64 microseconds, half-open; an event at an instant is in when the instant is.
-- kind: String; columns are its own, since those of other kinds cost more to read than to store.
-- pool: String, empty for all. The sort spills to disk, so memory is bounded.
SELECT
    source, epoch, seq, event_index, kind, sent_at, topic, partition, offset, started_at, ended_at,
    /* columns of the kind */
FROM usage_events FINAL
WHERE
    kind = {kind:String}
    AND started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
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
