-- Absolute values of the given hours, from the lines in force. Groups that were there before and
-- have no line any more come with zero lines.
-- since, until: Int64 microseconds around all hours; hours: UInt32 seconds; version: UInt64.
INSERT INTO rollup_hourly (
    hour, tenant, project, pool, kind, meter, provider, model, endpoint, unit, currency,
    cost, cost_final, quantity, events, lines, version
)
SELECT
    g.hour, g.tenant, g.project, g.pool, g.kind, g.meter, g.provider, g.model, g.endpoint, g.unit,
    g.currency,
    sum(g.cost), sum(g.cost_final), sum(g.quantity), sum(g.events), sum(g.lines),
    {version:UInt64}
FROM (
    SELECT
        toDateTime64(toStartOfHour(l.window_start), 6, 'UTC') AS hour,
        l.tenant AS tenant,
        ifNull(l.project, '') AS project,
        l.pool AS pool,
        l.kind AS kind,
        l.meter AS meter,
        ifNull(l.provider, '') AS provider,
        ifNull(l.model, '') AS model,
        ifNull(l.endpoint, '') AS endpoint,
        l.unit AS unit,
        l.currency AS currency,
        ifNull(l.cost, toDecimal128(0, 12)) AS cost,
        if(l.status = 'provisional', toDecimal128(0, 12), ifNull(l.cost, toDecimal128(0, 12)))
            AS cost_final,
        l.quantity AS quantity,
        l.events AS events,
        toUInt64(1) AS lines
    FROM cost_current AS l
    WHERE
        l.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND l.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
        AND toUnixTimestamp(toStartOfHour(l.window_start)) IN {hours:Array(UInt32)}
    UNION ALL
    SELECT
        r.hour, r.tenant, r.project, r.pool, r.kind, r.meter, r.provider, r.model, r.endpoint,
        r.unit, r.currency,
        toDecimal128(0, 12), toDecimal128(0, 12), toDecimal128(0, 12), toInt64(0), toUInt64(0)
    FROM rollup_hourly AS r FINAL
    WHERE
        r.lines > 0
        AND r.hour >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND r.hour < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
        AND toUnixTimestamp(toStartOfHour(r.hour)) IN {hours:Array(UInt32)}
) AS g
GROUP BY
    g.hour, g.tenant, g.project, g.pool, g.kind, g.meter, g.provider, g.model, g.endpoint, g.unit,
    g.currency
SETTINGS do_not_merge_across_partitions_select_final = 1
