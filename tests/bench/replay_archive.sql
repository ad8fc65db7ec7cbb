-- A made-up archive: calls of 40 tenants (a few of them large), three projects each, four models, in
-- batches of 200 from eight gateways, evenly over a stretch of time.
-- first, count: UInt64, numbers of the calls; begin, step: Int64 microseconds.
INSERT INTO usage_events (
    source, epoch, seq, event_index, kind, sent_at, topic, partition, offset, started_at, ended_at,
    pool, tenant, tenant_reported, project, provider, model, input_tokens, cache_read_tokens,
    output_tokens, list_cost, currency, price_book, catalog
)
SELECT
    concat('gw-', toString(intDiv(number, 200) % 8)), 1, intDiv(number, 1600), number % 200,
    'inference', at, 'usage.inference.v1', 0, intDiv(number, 200), at, at,
    'api:openai', tenant, tenant, concat('p', toString(cityHash64(number, 1) % 3)), 'openai',
    ['gpt-4o', 'gpt-4o-mini', 'gpt-5', 'o3'][cityHash64(number, 2) % 4 + 1],
    1000 + number % 5000, number % 700, 100 + number % 400, NULL, 'USD',
    {price_book:String}, {catalog:String}
FROM (
    SELECT
        n.number + {first:UInt64} AS number,
        fromUnixTimestamp64Micro({begin:Int64} + toInt64(number) * {step:Int64}, 'UTC') AS at,
        concat('tenant-', toString(toUInt32(sqrt(cityHash64(number) % 1600)))) AS tenant
    FROM numbers({count:UInt64}) AS n
)
