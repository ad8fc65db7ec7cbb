-- Eight weeks of hours before a begin, of each tenant a line an hour: what forecasts of budgets learn.
-- A hundred-thousandth of a dollar a day, so that it spends no budget.
-- tenants: UInt64; hours: UInt64; since: Int64 microseconds, the begin of an hour.
INSERT INTO cost_lines (
    line_id, window_start, window_end, pool, tenant, kind, meter, provider, model, unit, quantity, cost,
    currency, events, price_book, catalog, generation, revision, status, edition, version
)
SELECT
    toString(number % {tenants:UInt64}),
    fromUnixTimestamp64Micro({since:Int64} + toInt64(intDiv(number, {tenants:UInt64})) * 3600000000, 'UTC') AS begin,
    begin + INTERVAL 1 MINUTE,
    'api:openai',
    concat('team-', toString(number % {tenants:UInt64})),
    'tokens.input', 'inference.input', 'openai', 'gpt-4o', 'Tokens', 1,
    toDecimal128(1 + (cityHash64(number) + 7 * toHour(begin)) % 200, 12) / 1000000000,
    'USD', 1, 'past', 'past', 0, 1, 'final', 0, 1
FROM numbers({tenants:UInt64} * {hours:UInt64})
