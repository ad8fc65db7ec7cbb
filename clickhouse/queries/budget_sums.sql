-- What do lines in force of some hours cost, as far as budgets tell them apart? Settled, so sums: windows
-- that begin before an instant, by the hour or, later, by the window; and corrected windows since, of which
-- the pool is named. Between two edges the catalog says one thing. Pools charge:<what> are no cost. A status
-- is its rank: provisional 0, final 1, corrected 2. Money is an integer of 1e-12, a line without a price
-- costs nothing yet.
-- since, until: Int64 microseconds of window begins, half-open; settled, hourly: Int64 microseconds;
-- edges: Array(Int64), ascending; projects, models, jobs, pools: UInt8, 1 where it matters to any budget.
SELECT
    c.tenant,
    if({projects:UInt8}, c.project, NULL) AS of_project,
    if({models:UInt8}, c.model, NULL) AS of_model,
    if({jobs:UInt8} AND startsWith(c.meter, 'gpu.'), c.job, NULL) AS of_job,
    if({pools:UInt8} OR is_fixed, c.pool, '') AS of_pool,
    c.currency,
    min(start_us), begin_us, is_fixed,
    sum(toInt256(reinterpretAsInt128(ifNull(c.cost, toDecimal128(0, 12))))),
    toInt64(countIf(c.cost IS NULL)),
    max((
        start_us, toUnixTimestamp64Micro(c.window_end), c.generation, c.revision,
        toInt64(indexOf(['provisional', 'final', 'corrected'], c.status) - 1), c.price_book
    ))
FROM (
    SELECT
        *,
        toUnixTimestamp64Micro(window_start) AS start_us,
        toUInt8(start_us >= {settled:Int64}) AS is_fixed,
        if(start_us < {hourly:Int64}, intDiv(start_us, 3600000000) * 3600000000, start_us) AS begin_us
    FROM cost_current
    WHERE
        window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
        AND NOT startsWith(pool, 'charge:')
        AND (generation > 0 OR window_start < fromUnixTimestamp64Micro({settled:Int64}, 'UTC'))
) AS c
GROUP BY
    c.tenant, of_project, of_model, of_job, of_pool, c.currency, begin_us, is_fixed,
    arrayCount(edge -> edge <= start_us, {edges:Array(Int64)})
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
