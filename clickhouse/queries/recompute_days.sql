-- Absolute values of the given days, from the hours in force; groups that have gone as above.
-- since, until: Int64 microseconds around all days; days: UInt16 since 1970; version: UInt64.
INSERT INTO rollup_daily (
    day, tenant, project, pool, kind, meter, provider, model, endpoint, unit, currency,
    cost, cost_final, quantity, events, lines, version
)
SELECT
    g.day, g.tenant, g.project, g.pool, g.kind, g.meter, g.provider, g.model, g.endpoint, g.unit,
    g.currency,
    sum(g.cost), sum(g.cost_final), sum(g.quantity), sum(g.events), sum(g.lines),
    {version:UInt64}
FROM (
    SELECT
        toDate(h.hour) AS day,
        h.tenant AS tenant, h.project AS project, h.pool AS pool, h.kind AS kind,
        h.meter AS meter, h.provider AS provider, h.model AS model, h.endpoint AS endpoint,
        h.unit AS unit, h.currency AS currency,
        h.cost AS cost, h.cost_final AS cost_final, h.quantity AS quantity, h.events AS events,
        h.lines AS lines
    FROM rollup_hourly AS h FINAL
    WHERE
        h.lines > 0
        AND h.hour >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND h.hour < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
        AND toUInt16(toDate(h.hour)) IN {days:Array(UInt16)}
    UNION ALL
    SELECT
        d.day, d.tenant, d.project, d.pool, d.kind, d.meter, d.provider, d.model, d.endpoint,
        d.unit, d.currency,
        toDecimal128(0, 12), toDecimal128(0, 12), toDecimal128(0, 12), toInt64(0), toUInt64(0)
    FROM rollup_daily AS d FINAL
    WHERE d.lines > 0 AND toUInt16(d.day) IN {days:Array(UInt16)}
) AS g
GROUP BY
    g.day, g.tenant, g.project, g.pool, g.kind, g.meter, g.provider, g.model, g.endpoint, g.unit,
    g.currency
SETTINGS do_not_merge_across_partitions_select_final = 1
