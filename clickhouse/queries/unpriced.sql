-- What was used and has no price, since when? One row per thing that a price would be for.
-- A call's event is counted on one of its meters. since_us: microseconds.
SELECT
    c.provider AS provider, c.model AS model, c.region AS region, c.service_tier AS service_tier,
    c.meter AS meter, c.unit AS unit,
    sum(c.events) AS events,
    toString(sum(c.quantity)) AS quantity,
    uniqExact(c.window_start, c.pool) AS windows,
    toUnixTimestamp64Micro(min(c.window_start)) AS since_us
FROM cost_current AS c
WHERE c.cost IS NULL
GROUP BY provider, model, region, service_tier, meter, unit
ORDER BY provider, model, region, service_tier, meter, unit
