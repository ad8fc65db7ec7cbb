-- Why:    what tokens truly cost beside the list, and how endpoints were used, were queries of the
--         command line only; analysts ask for both by tenant, model and time of their own.
-- Blocks: no, new views only.
-- Undo:   DROP VIEW token_costs; DROP VIEW endpoint_use;

-- What calls cost by hour, tenant and model. Costs are those of lines in force, of the hour in which
-- their window begins: what tokens cost, or of an endpoint paid by GPU time the tenant's part of the
-- time that it held. Idle time is not of a model, and not in it. Tokens are input and output of the
-- calls, as they were attributed when archived. Over several hours: sum(cost) / sum(tokens).
-- cost, list_cost, billed_cost: null where nothing has a price; unpriced_lines: how many have none.
-- per 1k: of this hour, rounded down at 12 decimals; null without tokens.
CREATE VIEW IF NOT EXISTS token_costs AS
SELECT
    hour, tenant, provider, model, endpoint, currency,
    sum(call) AS calls, sum(of_call) AS tokens,
    sum(of_line) AS cost, sum(listed) AS list_cost, sum(billed) AS billed_cost,
    divideDecimal(sum(of_line * 1000), toDecimal128(nullIf(sum(of_call), 0), 0), 12) AS cost_per_1k,
    divideDecimal(sum(listed * 1000), toDecimal128(nullIf(sum(of_call), 0), 0), 12) AS list_cost_per_1k,
    sum(unpriced) AS unpriced_lines, sum(provisional) AS provisional_lines
FROM (
    SELECT
        toStartOfHour(c.window_start) AS hour, c.tenant AS tenant,
        ifNull(c.provider, '') AS provider, ifNull(c.model, '') AS model,
        ifNull(c.endpoint, '') AS endpoint, c.currency AS currency,
        toInt64(0) AS call, toInt64(0) AS of_call,
        c.cost AS of_line, ifNull(c.list_cost, c.cost) AS listed,
        ifNull(c.billed_cost, c.cost) AS billed,
        toInt64(c.cost IS NULL) AS unpriced, toInt64(c.status = 'provisional') AS provisional
    FROM cost_current AS c
    WHERE c.provider IS NOT NULL AND NOT startsWith(c.pool, 'charge:')
    UNION ALL
    SELECT
        toStartOfHour(u.started_at) AS hour, ifNull(u.tenant, '') AS tenant,
        ifNull(u.provider, '') AS provider, ifNull(u.model, '') AS model,
        ifNull(u.endpoint, '') AS endpoint, u.currency AS currency,
        toInt64(1) AS call,
        toInt64(ifNull(u.input_tokens, 0) + ifNull(u.output_tokens, 0)) AS of_call,
        NULL AS of_line, NULL AS listed, NULL AS billed,
        toInt64(0) AS unpriced, toInt64(0) AS provisional
    FROM usage_events AS u FINAL
    WHERE u.kind = 'inference'
)
GROUP BY hour, tenant, provider, model, endpoint, currency
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- Which endpoints were called, and which held GPUs of which nodes, by the hour in which a call ended
-- or an interval began. Called and nowhere holding: its calls cost nothing. Holding and not called: its
-- time is idle. Pools are those of the catalog when it was archived: of calls the first of the
-- endpoint, `api:...` where they are paid by token.
-- node: empty for calls. held_us: GPU-microseconds.
CREATE VIEW IF NOT EXISTS endpoint_use AS
SELECT
    hour, endpoint, pool, node,
    sum(call) AS calls, sum(of_call) AS tokens, sum(for_us) AS held_us
FROM (
    SELECT
        toStartOfHour(u.started_at) AS hour, ifNull(u.endpoint, '') AS endpoint, u.pool AS pool,
        '' AS node, toInt64(1) AS call,
        toInt64(ifNull(u.input_tokens, 0) + ifNull(u.output_tokens, 0)) AS of_call,
        toInt64(0) AS for_us
    FROM usage_events AS u FINAL
    WHERE u.kind = 'inference' AND u.endpoint IS NOT NULL
    UNION ALL
    SELECT
        toStartOfHour(u.started_at) AS hour, ifNull(h.1, '') AS endpoint, u.pool AS pool,
        ifNull(u.node, '') AS node, toInt64(0) AS call, toInt64(0) AS of_call, h.2 AS for_us
    FROM usage_events AS u FINAL
    ARRAY JOIN arrayZip(u.holders.endpoint, u.holders.held_us) AS h
    WHERE u.kind = 'gpu' AND ifNull(h.1, '') != ''
)
GROUP BY hour, endpoint, pool, node
SETTINGS do_not_merge_across_partitions_select_final = 1;
