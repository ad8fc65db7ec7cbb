-- What each tenant owes in windows that begin in [since, until), dearest first.
-- since, until: Int64 microseconds.
-- cost is the bill: the sum of the kinds named here, and whatever else.
-- Tokens are those of calls that are counted live: what lesser observers told of is left out.
-- per_1k_tokens is what a thousand tokens (input and output) cost: token lines and endpoints' GPU
-- time over the tokens of the same time; null without tokens. Rounded down at 12 decimals.
WITH
    lines AS (
        SELECT
            c.tenant AS tenant,
            ifNull(c.cost, toDecimal128(0, 12)) AS amount,
            c.kind AS kind,
            startsWith(c.kind, 'tokens.') AS is_tokens,
            startsWith(c.kind, 'resource.') AS is_resource,
            c.endpoint IS NOT NULL AS of_endpoint,
            c.events AS line_events
        FROM cost_current AS c
        WHERE
            c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
            AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    ),
    costs AS (
        SELECT
            l.tenant AS tenant,
            sum(l.amount) AS cost,
            sumIf(l.amount, l.kind = 'used') AS used,
            sumIf(l.amount, l.kind = 'held_idle') AS held_idle,
            sumIf(l.amount, l.kind = 'idle_share') AS idle_share,
            sumIf(l.amount, l.kind = 'reserved_idle') AS reserved_idle,
            sumIf(l.amount, l.kind = 'borrowed') AS borrowed,
            sumIf(l.amount, l.kind = 'lent_credit') AS lent_credit,
            sumIf(l.amount, l.kind = 'shared') AS shared,
            sumIf(l.amount, l.kind = 'out_of_service') AS out_of_service,
            sumIf(l.amount, l.kind = 'unobserved') AS unobserved,
            sumIf(l.amount, l.kind = 'adjustment') AS adjustment,
            sumIf(l.amount, l.is_tokens) AS tokens_cost,
            sumIf(l.amount, l.is_resource) AS resources_cost,
            sumIf(l.amount, l.is_tokens OR l.of_endpoint) AS inference_cost,
            sumIf(l.line_events, l.kind != 'evidence') AS events,
            sumIf(l.line_events, l.kind = 'unpriced') AS unpriced_events
        FROM lines AS l
        GROUP BY l.tenant
    ),
    counted AS (
        SELECT
            ifNull(u.tenant, '') AS tenant,
            toUInt64(sum(ifNull(u.input_tokens, 0))) AS input_tokens,
            toUInt64(sum(ifNull(u.output_tokens, 0))) AS output_tokens
        FROM usage_events AS u FINAL
        WHERE
            u.kind = 'inference'
            AND u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
            AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
            AND (u.precedence <= 1 OR empty(ifNull(u.response_id, '')))
        GROUP BY tenant
    )
SELECT
    costs.tenant AS tenant,
    costs.cost AS cost,
    costs.used AS used,
    costs.held_idle AS held_idle,
    costs.idle_share AS idle_share,
    costs.reserved_idle AS reserved_idle,
    costs.borrowed AS borrowed,
    costs.lent_credit AS lent_credit,
    costs.shared AS shared,
    costs.out_of_service AS out_of_service,
    costs.unobserved AS unobserved,
    costs.adjustment AS adjustment,
    costs.tokens_cost AS tokens_cost,
    costs.resources_cost AS resources_cost,
    costs.events AS events,
    costs.unpriced_events AS unpriced_events,
    counted.input_tokens AS input_tokens,
    counted.output_tokens AS output_tokens,
    if(
        counted.input_tokens + counted.output_tokens = 0,
        NULL,
        divideDecimal(
            multiplyDecimal(costs.inference_cost, toDecimal128(1000, 0), 12),
            toDecimal128(greatest(counted.input_tokens + counted.output_tokens, 1), 0),
            12
        )
    ) AS per_1k_tokens
FROM costs
LEFT JOIN counted ON counted.tenant = costs.tenant
ORDER BY cost DESC, tenant
SETTINGS do_not_merge_across_partitions_select_final = 1
