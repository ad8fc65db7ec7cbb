-- What did each job cost in windows that begin in [since, until)? Dearest first. A job is GPU time
-- with the id of one, whoever held it; of resources the id names another thing. Money is an integer of
-- 1e-12, GPU time whole microseconds.
-- since, until: Int64 microseconds; job: String, empty for all.
SELECT
    c.tenant, ifNull(c.project, '') AS of_project, c.job AS of_job,
    toUnixTimestamp64Micro(min(c.window_start)) AS first_us,
    toUnixTimestamp64Micro(max(c.window_end)) AS last_us,
    toInt64(sum(if(c.unit = 'GPU-Microseconds', c.quantity, toDecimal128(0, 12)))) AS gpu_us,
    sum(toInt256(reinterpretAsInt128(ifNull(c.cost, toDecimal128(0, 12))))) AS pico,
    sum(toInt256(reinterpretAsInt128(ifNull(c.billed_cost, ifNull(c.cost, toDecimal128(0, 12)))))) AS billed,
    c.currency, toInt64(countIf(c.cost IS NULL)) AS unpriced,
    toInt64(countIf(c.status = 'provisional')) AS provisional
FROM cost_current AS c
WHERE
    c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    AND c.job IS NOT NULL AND startsWith(c.meter, 'gpu.')
    AND ({job:String} = '' OR c.job = {job:String})
GROUP BY c.tenant, of_project, of_job, c.currency
ORDER BY pico DESC, c.tenant, of_project, of_job
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
