-- Losses reported in the batches that archive.sql gives for the same parameters.
SELECT source, epoch, seq, events, first_at, last_at, reason
FROM losses FINAL
WHERE (source, epoch, seq) IN (
    SELECT source, epoch, seq
    FROM usage_events
    WHERE
        started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
        AND (
            started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
            OR ended_at > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        )
        AND ({pool:String} = '' OR pool = {pool:String})
)
ORDER BY source, epoch, seq, loss_index
