-- What did calls cost each tenant, by model, in hours that begin in [since, until)? Dearest first.
-- Money is an integer of 1e-12; null where nothing has a price.
-- since, until: Int64 microseconds.
SELECT
    t.tenant, t.provider, t.model, t.endpoint,
    sum(t.tokens) AS of_tokens,
    reinterpretAsInt128(sum(t.cost)) AS pico,
    reinterpretAsInt128(sum(t.list_cost)) AS list_pico,
    t.currency, sum(t.unpriced_lines) AS unpriced
FROM token_costs AS t
WHERE
    t.hour >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND t.hour < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY t.tenant, t.provider, t.model, t.endpoint, t.currency
ORDER BY pico DESC NULLS LAST, t.tenant, t.provider, t.model, t.endpoint, t.currency
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
