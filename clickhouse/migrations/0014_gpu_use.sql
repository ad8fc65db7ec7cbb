-- Why:    which GPUs, endpoints and pools are worked too little or too much is asked by the hour, and per
--         GPU; unworked_gpu_time is by the day.
-- Blocks: no, a new view only.
-- Undo:   DROP VIEW gpu_use;

-- How GPU time that was there to be used was used: by the hour an interval begins in, GPU, and endpoint
-- that held it. Time out of service, and time that nobody looked, is not in it.
-- endpoint: empty: held by something else, or free. seen_us, active_us: GPU-microseconds; of seen_us,
-- unpriced_us had no price. cost: what the rest cost by the list; unworked_cost: of that, what nobody
-- worked in. The part of each interval is rounded down at 12 decimals; null where nothing had a price.
CREATE VIEW IF NOT EXISTS gpu_use AS
SELECT
    toStartOfHour(u.started_at) AS hour, u.pool AS pool, ifNull(u.node, '') AS node,
    ifNull(u.device, '') AS device, ifNull(u.model, '') AS model, ifNull(part.1, '') AS endpoint,
    sum(part.2) AS seen_us, sum(part.3) AS active_us,
    sumIf(part.2, u.list_cost IS NULL) AS unpriced_us,
    u.currency AS currency,
    sum(divideDecimal(
        multiplyDecimal(u.list_cost, toDecimal128(part.2, 0), 12),
        toDecimal128(toUnixTimestamp64Micro(u.ended_at) - toUnixTimestamp64Micro(u.started_at), 0),
        12
    )) AS cost,
    sum(divideDecimal(
        multiplyDecimal(u.list_cost, toDecimal128(part.2 - part.3, 0), 12),
        toDecimal128(toUnixTimestamp64Micro(u.ended_at) - toUnixTimestamp64Micro(u.started_at), 0),
        12
    )) AS unworked_cost
FROM usage_events AS u FINAL
ARRAY JOIN arrayConcat(
    arrayMap(
        (endpoint, held_us, active_us) -> (endpoint, held_us, active_us),
        u.holders.endpoint, u.holders.held_us, u.holders.active_us
    ),
    [(NULL, ifNull(u.unallocated_us, 0) + ifNull(u.stranded_us, 0), toInt64(0))]
) AS part
WHERE u.kind = 'gpu' AND part.2 > 0
GROUP BY ALL
SETTINGS do_not_merge_across_partitions_select_final = 1;
