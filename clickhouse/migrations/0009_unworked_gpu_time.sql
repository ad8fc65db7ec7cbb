-- Why:    GPU time in which nobody worked, by what it was instead: the answer to what a fleet pays for
--         and does not use.
-- Blocks: no, a new view only.
-- Undo:   DROP VIEW unworked_gpu_time;

-- By the day an interval begins in, pool, model and, where somebody held it, tenant and endpoint as
-- the agent named them. States: held_idle (with a process on the device, or not known),
-- held_without_context, unallocated, stranded, out_of_service, unobserved. With the time that was
-- worked they sum to all that was reported.
-- for_us: GPU-microseconds, of which unpriced_us had no price. list_cost: what the rest cost by the
-- list, the share of each interval rounded down at 12 decimals; null where nothing had a price.
CREATE VIEW IF NOT EXISTS unworked_gpu_time AS
SELECT
    toDate(u.started_at) AS day, u.pool AS pool, u.model AS model,
    part.1 AS tenant, part.2 AS endpoint, part.3 AS state,
    sum(part.4) AS for_us,
    sumIf(part.4, u.list_cost IS NULL) AS unpriced_us,
    u.currency AS currency,
    sum(divideDecimal(
        multiplyDecimal(u.list_cost, toDecimal128(part.4, 0), 12),
        toDecimal128(toUnixTimestamp64Micro(u.ended_at) - toUnixTimestamp64Micro(u.started_at), 0),
        12
    )) AS list_cost
FROM usage_events AS u FINAL
ARRAY JOIN arrayConcat(
    arrayMap(
        (tenant, endpoint, held_us, active_us, absent_us) ->
            (tenant, endpoint, 'held_idle', held_us - active_us - ifNull(absent_us, 0)),
        u.holders.tenant, u.holders.endpoint, u.holders.held_us, u.holders.active_us,
        u.holders.no_context_us
    ),
    arrayMap(
        (tenant, endpoint, absent_us) ->
            (tenant, endpoint, 'held_without_context', ifNull(absent_us, 0)),
        u.holders.tenant, u.holders.endpoint, u.holders.no_context_us
    ),
    [
        (NULL, NULL, 'unallocated', ifNull(u.unallocated_us, 0)),
        (NULL, NULL, 'stranded', ifNull(u.stranded_us, 0)),
        (NULL, NULL, 'out_of_service', ifNull(u.out_of_service_us, 0)),
        (NULL, NULL, 'unobserved', ifNull(u.unobserved_us, 0))
    ]
) AS part
WHERE u.kind = 'gpu' AND part.4 > 0
GROUP BY ALL
SETTINGS do_not_merge_across_partitions_select_final = 1;
