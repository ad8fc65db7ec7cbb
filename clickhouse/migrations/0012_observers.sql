-- Why:    several observers may tell of one call. Which of their events count is asked in one place, and
--         each event says which observer its source was.
--         Calls and tokens in views are those of events counted live.
-- Blocks: no: a column, which rewrites nothing, and views.
-- Undo:   make the views of 0010 again; DROP VIEW uncounted_evidence; ALTER TABLE usage_events DROP
--         COLUMN precedence;

ALTER TABLE usage_events
    ADD COLUMN IF NOT EXISTS precedence UInt32 COMMENT 'of the source as an observer of the call, as attributed; the least counts; 0: archived before there was one, 1' AFTER list_cost;

-- The evidence that does not count, of calls that begin in [since, until). Evidence is what a source of a
-- precedence beyond 1 tells of a call with an id of its response. It counts when no event of the same
-- (provider, response_id) comes before it, within a day of it: first by precedence, then by
-- (source, epoch, seq, event_index). What is archived twice comes before nothing.
-- since, until, window: Int64 microseconds.
-- The precedence is that of a catalog at the begin of the event's window, not the archived one.
-- rank_edges: Array(Int64), instants at which it changes, the first 0. rank_keys: Array(String), "edge
-- source" for every source of a precedence beyond 1 from that edge on. ranks: Array(UInt32), of those.
CREATE VIEW IF NOT EXISTS uncounted_evidence AS
WITH
    toInt64(86400000000) AS match_us,
    told AS (
        SELECT
            u.source AS source, u.epoch AS epoch, u.seq AS seq, u.event_index AS event_index,
            u.provider AS provider, u.response_id AS response_id,
            toUnixTimestamp64Micro(u.started_at) AS at_us,
            transform(
                concat(
                    toString(
                        roundDown(
                            intDiv(at_us, {window:Int64}) * {window:Int64}, {rank_edges:Array(Int64)}
                        )
                    ),
                    ' ', u.source
                ),
                {rank_keys:Array(String)}, {ranks:Array(UInt32)}, toUInt32(1)
            ) AS rank
        FROM usage_events AS u
        WHERE
            u.kind = 'inference'
            AND u.response_id != ''
            AND u.started_at >= fromUnixTimestamp64Micro({since:Int64} - match_us, 'UTC')
            AND u.started_at < fromUnixTimestamp64Micro({until:Int64} + match_us, 'UTC')
    ),
    evidence AS (
        SELECT * FROM told WHERE rank > 1 AND at_us >= {since:Int64} AND at_us < {until:Int64}
    )
SELECT DISTINCT
    e.source AS source, e.epoch AS epoch, e.seq AS seq, e.event_index AS event_index, e.at_us AS at_us
FROM evidence AS e
INNER JOIN (
    SELECT * FROM told WHERE (provider, response_id) IN (SELECT provider, response_id FROM evidence)
) AS o ON o.provider = e.provider AND o.response_id = e.response_id
WHERE
    abs(o.at_us - e.at_us) <= match_us
    AND (o.rank, o.source, o.epoch, o.seq, o.event_index)
        < (e.rank, e.source, e.epoch, e.seq, e.event_index);

-- What calls cost by hour, tenant and model. Costs are those of lines in force, of the hour in which
-- their window begins: what tokens cost, or of an endpoint paid by GPU time the tenant's part of the
-- time that it held. Idle time is not of a model, and not in it. Tokens are input and output of the
-- calls, as they were attributed when archived; of those only that are counted live. Over several hours: sum(cost) / sum(tokens).
-- cost, list_cost, billed_cost: null where nothing has a price; unpriced_lines: how many have none.
-- per 1k: of this hour, rounded down at 12 decimals; null without tokens.
CREATE OR REPLACE VIEW token_costs AS
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
    WHERE c.provider IS NOT NULL AND c.kind != 'evidence' AND NOT startsWith(c.pool, 'charge:')
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
    WHERE u.kind = 'inference' AND (u.precedence <= 1 OR empty(ifNull(u.response_id, '')))
)
GROUP BY hour, tenant, provider, model, endpoint, currency
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- Which endpoints were called, and which held GPUs of which nodes, by the hour in which a call ended
-- or an interval began. Called and nowhere holding: its calls cost nothing. Holding and not called: its
-- time is idle. Pools are those of the catalog when it was archived: of calls the first of the
-- endpoint, `api:...` where they are paid by token.
-- node: empty for calls. held_us: GPU-microseconds.
CREATE OR REPLACE VIEW endpoint_use AS
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
    WHERE
        u.kind = 'inference' AND u.endpoint IS NOT NULL
        AND (u.precedence <= 1 OR empty(ifNull(u.response_id, '')))
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
