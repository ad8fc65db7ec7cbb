-- What did some jobs cost? Of lines in force. Settled, so one sum: windows that begin before an instant,
-- and corrected ones. The streamed lines of the other windows come one by one. A status is its rank:
-- provisional 0, final 1, corrected 2. Money is an integer of 1e-12, null where there is no price.
-- tenants, jobs: Array(String); since: Int64 microseconds.
SELECT
    c.tenant, assumeNotNull(c.job) AS of_job, c.currency,
    toInt64(minIf(start_us, is_settled)), toInt64(countIf(is_settled)),
    sumIf(ifNull(pico, 0), is_settled), toInt64(countIf(is_settled AND pico IS NULL)),
    maxIf((start_us, end_us, c.generation, c.revision, rank, c.price_book), is_settled),
    groupArrayIf((start_us, c.pool, c.line_id, c.revision, rank, pico, end_us, c.price_book), NOT is_settled)
FROM (
    SELECT
        *,
        toUnixTimestamp64Micro(window_start) AS start_us,
        toUnixTimestamp64Micro(window_end) AS end_us,
        toInt64(indexOf(['provisional', 'final', 'corrected'], status) - 1) AS rank,
        toInt256(reinterpretAsInt128(ifNull(cost, toDecimal128(0, 12)))) AS known,
        if(cost IS NULL, NULL, known) AS pico,
        generation > 0 OR start_us < {since:Int64} AS is_settled
    FROM cost_current
    WHERE
        tenant IN {tenants:Array(String)} AND job IN {jobs:Array(String)}
        AND startsWith(meter, 'gpu.')
) AS c
GROUP BY c.tenant, of_job, c.currency
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
