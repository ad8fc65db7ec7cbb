-- What did a thousand tokens cost each tenant, by model, in windows that begin in [since, until)?
-- Dearest first. Cost is that of token lines and of endpoints' GPU time; list_cost is the same at list
-- prices. Tokens are input and output of the same time, as they were attributed when archived.
-- Money is an integer of 1e-12.
-- since, until: Int64 microseconds.
WITH
    costs AS (
        SELECT
            c.tenant AS tenant, ifNull(c.provider, '') AS provider, ifNull(c.model, '') AS model,
            ifNull(c.endpoint, '') AS endpoint, c.currency AS currency,
            sum(ifNull(c.cost, toDecimal128(0, 12))) AS cost,
            sum(ifNull(c.list_cost, ifNull(c.cost, toDecimal128(0, 12)))) AS list_cost,
            toInt64(countIf(c.cost IS NULL)) AS unpriced_lines
        FROM cost_current AS c
        WHERE
            c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
            AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
            AND c.provider IS NOT NULL
        GROUP BY tenant, provider, model, endpoint, currency
    ),
    counted AS (
        SELECT
            ifNull(u.tenant, '') AS tenant, ifNull(u.provider, '') AS provider,
            ifNull(u.model, '') AS model, ifNull(u.endpoint, '') AS endpoint,
            toInt64(sum(ifNull(u.input_tokens, 0) + ifNull(u.output_tokens, 0))) AS tokens
        FROM usage_events AS u FINAL
        WHERE
            u.kind = 'inference'
            AND u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
            AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
        GROUP BY tenant, provider, model, endpoint
    )
SELECT
    costs.tenant, costs.provider, costs.model, costs.endpoint,
    counted.tokens AS tokens,
    reinterpretAsInt128(costs.cost) AS pico,
    reinterpretAsInt128(costs.list_cost) AS list_pico,
    costs.currency, costs.unpriced_lines
FROM costs
LEFT JOIN counted
    ON counted.tenant = costs.tenant AND counted.provider = costs.provider
    AND counted.model = costs.model AND counted.endpoint = costs.endpoint
ORDER BY pico DESC, costs.tenant, costs.provider, costs.model, costs.endpoint
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    max_result_rows = 0,
    output_format_json_quote_64bit_integers = 0
