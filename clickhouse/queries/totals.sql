-- Everything in one row, for summaries. Costs are exact decimals, written out as text.
-- Tenants are those with a name of their own: __idle__ and __unattributed__ are none.
-- Tokens are those of calls that are counted live: what lesser observers told of is left out.
-- A window is one (window, pool); it is final when none of its lines is provisional.
SELECT
    usage.events AS events,
    usage.input_tokens AS input_tokens,
    usage.output_tokens AS output_tokens,
    usage.cache_read_tokens AS cache_read_tokens,
    lines.cost AS cost,
    lines.windows AS windows,
    lines.final_windows AS final_windows,
    lines.tenants AS tenants,
    lines.unpriced_events AS unpriced_events,
    (SELECT count() FROM dead_letters FINAL) AS dead_letters
FROM (
    WITH u.precedence <= 1 OR empty(ifNull(u.response_id, '')) AS is_first
    SELECT
        count() AS events,
        toUInt64(sumIf(ifNull(u.input_tokens, 0), is_first)) AS input_tokens,
        toUInt64(sumIf(ifNull(u.output_tokens, 0), is_first)) AS output_tokens,
        toUInt64(sumIf(ifNull(u.cache_read_tokens, 0), is_first)) AS cache_read_tokens
    FROM usage_events AS u FINAL
    SETTINGS do_not_merge_across_partitions_select_final = 1
) AS usage
CROSS JOIN (
    SELECT
        toString(sum(ifNull(c.cost, toDecimal128(0, 12)))) AS cost,
        uniqExact(c.window_start, c.pool) AS windows,
        windows - uniqExactIf((c.window_start, c.pool), c.status = 'provisional') AS final_windows,
        uniqExactIf(c.tenant, (c.events > 0 OR c.cost != 0) AND NOT startsWith(c.tenant, '__')) AS tenants,
        sumIf(c.events, c.kind = 'unpriced') AS unpriced_events
    FROM cost_current AS c
) AS lines
