-- How many batches of the archive have a part in each (window, pool)?
-- since, until, window: Int64 microseconds. endpoints, endpoint_pools, nodes, node_pools: Array(String)
-- of equal length each, where a catalog puts calls and intervals; an endpoint in several pools is
-- there once for each. An empty name stands for none. An event that is there twice is in the same
-- batch twice.
SELECT
    window_us, pool, uniqExact(source, epoch, seq)
FROM (
    SELECT
        u.source AS source, u.epoch AS epoch, u.seq AS seq,
        arrayJoin(multiIf(
            u.kind = 'gpu',
            [transform(ifNull(u.node, ''), {nodes:Array(String)}, {node_pools:Array(String)}, '')],
            u.kind = 'resource' AND startsWith(u.resource_kind, 'commitment:'),
            [concat('api:', substring(ifNull(u.resource_kind, ''), length('commitment:') + 1))],
            u.kind = 'resource' AND startsWith(u.resource_kind, 'shared:'),
            [ifNull(u.resource_kind, '')],
            u.kind = 'resource', [concat('resource:', ifNull(u.resource_kind, ''))],
            notEmpty(ifNull(u.endpoint, '')) AND has({endpoints:Array(String)}, u.endpoint),
            arrayFilter(
                (pool, name) -> name = ifNull(u.endpoint, ''),
                {endpoint_pools:Array(String)}, {endpoints:Array(String)}
            ),
            [concat('api:', ifNull(u.provider, ''))]
        )) AS pool,
        arrayJoin(
            range(
                intDiv(toUnixTimestamp64Micro(u.started_at), {window:Int64}) * {window:Int64},
                greatest(
                    toUnixTimestamp64Micro(u.started_at) + 1, toUnixTimestamp64Micro(u.ended_at)
                ),
                {window:Int64}
            )
        ) AS window_us
    FROM usage_events AS u
    WHERE
        u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
        AND (
            u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
            OR u.ended_at > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        )
)
WHERE window_us >= {since:Int64} AND window_us < {until:Int64}
GROUP BY ALL
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
