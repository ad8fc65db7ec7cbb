-- The quarters of an hour of some time, drawn anew from the lines in force.
-- since, until: Int64 microseconds, begins of quarters, half-open; version: UInt64.
INSERT INTO series_quarters (
    quarter, subject, tenant, model, pool, currency, minutes, mean, deviation, most, version
)
SELECT
    q.quarter, q.subject, q.tenant, q.model, q.pool, q.currency, q.minutes, q.mean, q.deviation,
    q.most,
    {version:UInt64}
FROM quarters_of_lines(since = {since:Int64}, until = {until:Int64}) AS q
