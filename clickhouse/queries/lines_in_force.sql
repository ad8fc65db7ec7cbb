-- The lines in force of some windows, with everything a correction needs.
-- since, until: Int64 microseconds of window begins, half-open.
SELECT
    c.line_id AS line_id, c.window_start AS window_start, c.window_end AS window_end,
    c.pool AS pool, c.tenant AS tenant, c.project AS project, c.kind AS kind, c.meter AS meter,
    c.provider AS provider, c.model AS model, c.endpoint AS endpoint, c.job AS job,
    c.region AS region, c.service_tier AS service_tier, c.unit AS unit, c.quantity AS quantity,
    c.cost AS cost, c.list_cost AS list_cost, c.billed_cost AS billed_cost, c.events AS events
FROM cost_current AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
ORDER BY window_start, pool, line_id
