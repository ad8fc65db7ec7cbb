-- The lines in force of windows that begin in a stretch of time, with what a replay compares. Money
-- and quantity are integers of 1e-12.
-- since, until: Int64 microseconds; window: Int64, their length; pool: String, empty for all.
SELECT
    toUnixTimestamp64Micro(c.window_start), toUnixTimestamp64Micro(c.window_end), c.pool,
    c.price_book, c.catalog, c.generation, c.revision, c.status = 'provisional',
    c.tenant, c.project, c.kind, c.meter, c.provider, c.model, c.endpoint, c.job, c.unit,
    c.region, c.service_tier,
    reinterpretAsInt128(c.quantity), reinterpretAsInt128(c.cost),
    reinterpretAsInt128(c.list_cost), reinterpretAsInt128(c.billed_cost), c.events
FROM cost_current AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND toUnixTimestamp64Micro(c.window_end) - toUnixTimestamp64Micro(c.window_start)
        = {window:Int64}
    AND ({pool:String} = '' OR c.pool = {pool:String})
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
