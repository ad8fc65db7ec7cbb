CREATE TABLE alerts
(
    `alert_id` String,
    `tenant` LowCardinality(String),
    `kind` LowCardinality(String),
    `state` LowCardinality(String) COMMENT 'opened, updated or resolved',
    `since` DateTime64(6, 'UTC'),
    `at` DateTime64(6, 'UTC'),
    `expected` Nullable(Decimal(38, 12)) COMMENT 'cost per hour; null: not a matter of cost',
    `actual` Nullable(Decimal(38, 12)) COMMENT 'cost per hour; null: not a matter of cost',
    `excess` Nullable(Decimal(38, 12)) COMMENT 'cost since it began; null: not a matter of cost',
    `currency` LowCardinality(String),
    `summary` String,
    `budget_id` Nullable(String) COMMENT 'null: not about a budget',
    `job` Nullable(String) COMMENT 'null: not about one job',
    `severity` LowCardinality(String) COMMENT 'info, warning or critical; empty: said before 0.2',
    `revision` UInt32 COMMENT 'counts what was said of the alert, from 1; 0: said before 0.2',
    `expected_low` Nullable(Decimal(38, 12)) COMMENT 'per hour, nothing unusual from here; null: not a matter of cost per hour',
    `expected_high` Nullable(Decimal(38, 12)) COMMENT 'per hour, nothing unusual up to here; null: not a matter of cost per hour',
    `excess_per_hour` Nullable(Decimal(38, 12)) COMMENT 'actual less expected; null: not a matter of cost per hour',
    `model` LowCardinality(Nullable(String)) COMMENT 'null: not about one model',
    `pool` LowCardinality(Nullable(String)) COMMENT 'null: not about one pool',
    `project` LowCardinality(Nullable(String)) COMMENT 'null: not about one project',
    `source` LowCardinality(Nullable(String)) COMMENT 'null: not about one producer',
    `contributors.dimension` Array(LowCardinality(String)) COMMENT 'model, project, source, pool or tenant; the greatest first',
    `contributors.value` Array(String),
    `contributors.excess` Array(Decimal(38, 12)) COMMENT 'extra cost per hour',
    `contributors.share` Array(Float64) COMMENT 'of all extra cost',
    `links.title` Array(String),
    `links.url` Array(String),
    `query` Nullable(String) COMMENT 'SQL that shows it; null: none does',
    `alert_group` Nullable(String) COMMENT 'alerts of one group have one cause; null: it stands alone',
    `inserted_at` DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
PRIMARY KEY (tenant, alert_id, at, state)
ORDER BY (tenant, alert_id, at, state, revision)
TTL toDateTime(inserted_at) + toIntervalDay(400)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192

CREATE VIEW alerts_current
(
    `alert_id` String,
    `tenant` LowCardinality(String),
    `kind` LowCardinality(String),
    `state` LowCardinality(String),
    `since` DateTime64(6, 'UTC'),
    `at` DateTime64(6, 'UTC'),
    `expected` Nullable(Decimal(38, 12)),
    `actual` Nullable(Decimal(38, 12)),
    `excess` Nullable(Decimal(38, 12)),
    `currency` LowCardinality(String),
    `summary` String,
    `budget_id` Nullable(String),
    `job` Nullable(String),
    `severity` LowCardinality(String),
    `revision` UInt32,
    `expected_low` Nullable(Decimal(38, 12)),
    `expected_high` Nullable(Decimal(38, 12)),
    `excess_per_hour` Nullable(Decimal(38, 12)),
    `model` LowCardinality(Nullable(String)),
    `pool` LowCardinality(Nullable(String)),
    `project` LowCardinality(Nullable(String)),
    `source` LowCardinality(Nullable(String)),
    `contributors.dimension` Array(LowCardinality(String)),
    `contributors.value` Array(String),
    `contributors.excess` Array(Decimal(38, 12)),
    `contributors.share` Array(Float64),
    `links.title` Array(String),
    `links.url` Array(String),
    `query` Nullable(String),
    `alert_group` Nullable(String),
    `inserted_at` DateTime64(6, 'UTC')
)
AS SELECT *
FROM alerts
FINAL
ORDER BY
    alert_id ASC,
    revision DESC,
    state = 'resolved' DESC,
    at DESC
LIMIT 1 BY alert_id

CREATE TABLE batches
(
    `source` LowCardinality(String),
    `epoch` Int64,
    `seq` Int64,
    `kind` LowCardinality(String),
    `sent_at` DateTime64(6, 'UTC'),
    `events` UInt32 COMMENT 'in the batch as it came',
    `rejected` UInt32 COMMENT 'of those, how many are dead letters and not in the archive',
    `topic` LowCardinality(String),
    `partition` Int32,
    `offset` Int64,
    `archived_at` DateTime64(6, 'UTC') DEFAULT now64(6),
    INDEX by_arrival archived_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (source, epoch, seq)
TTL toDateTime(archived_at) + toIntervalDay(400)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192

CREATE TABLE budget_states
(
    `budget_id` String COMMENT 'job:<tenant>:<job>',
    `period_start` DateTime64(6, 'UTC') COMMENT 'of a job: begin of its first window',
    `period_end` DateTime64(6, 'UTC') COMMENT 'exclusive; of a job: end of its newest window',
    `spend_limit` Decimal(38, 12) COMMENT 'what may be spent, in currency',
    `spent` Decimal(38, 12) COMMENT 'the lines in force of the period; what has no price is not in it',
    `forecast` Nullable(Decimal(38, 12)) COMMENT 'null: too little seen to say, or a job',
    `burn_rate` Nullable(Float64) COMMENT 'null: too little seen to say, or a job',
    `currency` LowCardinality(String),
    `stage` LowCardinality(String) COMMENT 'ok, warning or exceeded',
    `price_book` LowCardinality(String),
    `said_at` DateTime64(6, 'UTC'),
    `inserted_at` DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(said_at)
ORDER BY budget_id
TTL toDateTime(inserted_at) + toIntervalDay(400)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192

CREATE TABLE complete_generations
(
    `window_start` DateTime64(6, 'UTC'),
    `pool` LowCardinality(String),
    `generation` Int64,
    `edition` UInt64 COMMENT 'as in cost_lines',
    `revision` Int64 COMMENT 'batches applied; decides between editions of one generation',
    `price_book` LowCardinality(String),
    `catalog` LowCardinality(String),
    `lines` Int64,
    `note` LowCardinality(Nullable(String)) COMMENT 'why it was published',
    `completed_at` DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (window_start, pool, generation, edition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192

CREATE TABLE configs
(
    `kind` LowCardinality(String) COMMENT 'price-book or catalog',
    `version` String COMMENT 'hash of the content',
    `published_at` DateTime64(6, 'UTC'),
    `body` String COMMENT 'YAML',
    `note` Nullable(String) COMMENT 'why it was published',
    `inserted_at` DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (kind, published_at, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192

CREATE VIEW cost_current
(
    `line_id` String,
    `window_start` DateTime64(6, 'UTC'),
    `window_end` DateTime64(6, 'UTC'),
    `pool` LowCardinality(String),
    `tenant` LowCardinality(String),
    `project` LowCardinality(Nullable(String)),
    `kind` LowCardinality(String),
    `meter` LowCardinality(String),
    `provider` LowCardinality(Nullable(String)),
    `model` LowCardinality(Nullable(String)),
    `endpoint` LowCardinality(Nullable(String)),
    `job` Nullable(String),
    `region` LowCardinality(Nullable(String)),
    `service_tier` LowCardinality(Nullable(String)),
    `unit` LowCardinality(String),
    `quantity` Decimal(38, 12),
    `cost` Nullable(Decimal(38, 12)),
    `list_cost` Nullable(Decimal(38, 12)),
    `billed_cost` Nullable(Decimal(38, 12)),
    `currency` LowCardinality(String),
    `events` Int64,
    `price_book` LowCardinality(String),
    `catalog` LowCardinality(String),
    `generation` Int64,
    `revision` Int64,
    `status` LowCardinality(String),
    `note` LowCardinality(Nullable(String))
)
AS SELECT
    l.line_id AS line_id,
    l.window_start AS window_start,
    l.window_end AS window_end,
    l.pool AS pool,
    l.tenant AS tenant,
    l.project AS project,
    l.kind AS kind,
    l.meter AS meter,
    l.provider AS provider,
    l.model AS model,
    l.endpoint AS endpoint,
    l.job AS job,
    l.region AS region,
    l.service_tier AS service_tier,
    l.unit AS unit,
    l.quantity AS quantity,
    l.cost AS cost,
    l.list_cost AS list_cost,
    l.billed_cost AS billed_cost,
    l.currency AS currency,
    l.events AS events,
    l.price_book AS price_book,
    l.catalog AS catalog,
    l.generation AS generation,
    l.revision AS revision,
    l.status AS status,
    l.note AS note
FROM
(
    SELECT
        window_start,
        pool,
        argMax(edition, (generation, revision, edition)) AS edition
    FROM complete_generations
    GROUP BY
        window_start,
        pool
) AS newest
RIGHT JOIN
(
    SELECT *
    FROM cost_lines
    FINAL
) AS l ON (newest.window_start = l.window_start) AND (newest.pool = l.pool)
WHERE l.edition = ifNull(newest.edition, 0)
SETTINGS do_not_merge_across_partitions_select_final = 1

CREATE VIEW cost_history
(
    `line_id` String,
    `window_start` DateTime64(6, 'UTC'),
    `window_end` DateTime64(6, 'UTC'),
    `pool` LowCardinality(String),
    `tenant` LowCardinality(String),
    `project` LowCardinality(Nullable(String)),
    `kind` LowCardinality(String),
    `meter` LowCardinality(String),
    `provider` LowCardinality(Nullable(String)),
    `model` LowCardinality(Nullable(String)),
    `endpoint` LowCardinality(Nullable(String)),
    `job` Nullable(String),
    `region` LowCardinality(Nullable(String)),
    `service_tier` LowCardinality(Nullable(String)),
    `unit` LowCardinality(String),
    `quantity` Decimal(38, 12),
    `cost` Nullable(Decimal(38, 12)),
    `list_cost` Nullable(Decimal(38, 12)),
    `billed_cost` Nullable(Decimal(38, 12)),
    `currency` LowCardinality(String),
    `events` Int64,
    `price_book` LowCardinality(String),
    `catalog` LowCardinality(String),
    `generation` Int64,
    `revision` Int64,
    `status` LowCardinality(String),
    `note` LowCardinality(Nullable(String)),
    `edition` UInt64,
    `settled_at` DateTime64(6, 'UTC')
)
AS SELECT
    l.line_id AS line_id,
    l.window_start AS window_start,
    l.window_end AS window_end,
    l.pool AS pool,
    l.tenant AS tenant,
    l.project AS project,
    l.kind AS kind,
    l.meter AS meter,
    l.provider AS provider,
    l.model AS model,
    l.endpoint AS endpoint,
    l.job AS job,
    l.region AS region,
    l.service_tier AS service_tier,
    l.unit AS unit,
    l.quantity AS quantity,
    l.cost AS cost,
    l.list_cost AS list_cost,
    l.billed_cost AS billed_cost,
    l.currency AS currency,
    l.events AS events,
    l.price_book AS price_book,
    l.catalog AS catalog,
    l.generation AS generation,
    l.revision AS revision,
    l.status AS status,
    l.note AS note,
    l.edition AS edition,
    if(l.edition = 0, l.inserted_at, complete.completed_at) AS settled_at
FROM
(
    SELECT
        window_start,
        pool,
        edition,
        min(completed_at) AS completed_at
    FROM complete_generations
    GROUP BY
        window_start,
        pool,
        edition
) AS complete
RIGHT JOIN
(
    SELECT *
    FROM cost_lines
    FINAL
) AS l ON (complete.window_start = l.window_start) AND (complete.pool = l.pool) AND (complete.edition = l.edition)
WHERE (l.status != 'provisional') AND ((l.edition = 0) OR (ifNull(complete.edition, 0) > 0))
SETTINGS do_not_merge_across_partitions_select_final = 1

CREATE TABLE cost_lines
(
    `line_id` String COMMENT 'hash of the dimensions' CODEC(ZSTD(1)),
    `window_start` DateTime64(6, 'UTC'),
    `window_end` DateTime64(6, 'UTC') COMMENT 'exclusive',
    `pool` LowCardinality(String),
    `tenant` LowCardinality(String) COMMENT '__unattributed__: nobody known; __idle__: nobody could take it',
    `project` LowCardinality(Nullable(String)),
    `kind` LowCardinality(String),
    `meter` LowCardinality(String),
    `provider` LowCardinality(Nullable(String)),
    `model` LowCardinality(Nullable(String)),
    `endpoint` LowCardinality(Nullable(String)),
    `job` Nullable(String),
    `region` LowCardinality(Nullable(String)) COMMENT 'that served the calls',
    `service_tier` LowCardinality(Nullable(String)) COMMENT 'null: the regular one',
    `unit` LowCardinality(String),
    `quantity` Decimal(38, 12),
    `cost` Nullable(Decimal(38, 12)) COMMENT 'in currency; null: no price was in force',
    `list_cost` Nullable(Decimal(38, 12)) COMMENT 'at list price, in currency; null: no price was in force, or drawn before 0.2',
    `billed_cost` Nullable(Decimal(38, 12)) COMMENT 'charged to the tenant, in currency; null: no price was in force, or drawn before 0.2',
    `currency` LowCardinality(String),
    `events` Int64 COMMENT 'over all lines each usage event is counted once',
    `price_book` LowCardinality(String),
    `catalog` LowCardinality(String),
    `generation` Int64 COMMENT '0 as streamed; repair and re-pricing publish higher ones',
    `revision` Int64 COMMENT 'batches applied to the window and pool',
    `status` LowCardinality(String) COMMENT 'provisional, final or corrected',
    `lines_of_generation` Nullable(Int64) COMMENT 'how many lines this generation of the (window, pool) has; null: not counted',
    `note` LowCardinality(Nullable(String)) COMMENT 'why the generation was published',
    `edition` UInt64 COMMENT '0: as streamed; else tells generations, and contents of equal number, apart',
    `version` UInt64 COMMENT 'generation, revision and status in one number',
    `inserted_at` DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(window_start)
PRIMARY KEY (tenant, window_start, line_id)
ORDER BY (tenant, window_start, line_id, edition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192

CREATE VIEW daily
(
    `day` Date,
    `tenant` LowCardinality(String),
    `project` LowCardinality(String),
    `pool` LowCardinality(String),
    `kind` LowCardinality(String),
    `meter` LowCardinality(String),
    `provider` LowCardinality(String),
    `model` LowCardinality(String),
    `endpoint` LowCardinality(String),
    `unit` LowCardinality(String),
    `currency` LowCardinality(String),
    `cost` Decimal(38, 12),
    `cost_final` Decimal(38, 12),
    `quantity` Decimal(38, 12),
    `events` Int64,
    `lines` UInt64
)
AS SELECT
    day,
    tenant,
    project,
    pool,
    kind,
    meter,
    provider,
    model,
    endpoint,
    unit,
    currency,
    cost,
    cost_final,
    quantity,
    events,
    lines
FROM rollup_daily
FINAL
WHERE lines > 0
SETTINGS do_not_merge_across_partitions_select_final = 1

CREATE TABLE dead_letters
(
    `topic` LowCardinality(String),
    `partition` Int32,
    `offset` Int64,
    `event_index` Int32 COMMENT 'position of the event in its batch; -1: the whole message',
    `source` LowCardinality(Nullable(String)) COMMENT 'null: the message could not be decoded',
    `epoch` Nullable(Int64),
    `seq` Nullable(Int64),
    `reason` LowCardinality(String),
    `detail` String,
    `at` DateTime64(6, 'UTC') COMMENT 'broker time of the message',
    `payload` String COMMENT 'bytes as they came',
    `inserted_at` DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, event_index, at)
TTL toDateTime(inserted_at) + toIntervalDay(90)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192

CREATE VIEW endpoint_use
(
    `hour` DateTime('UTC'),
    `endpoint` String,
    `pool` LowCardinality(String),
    `node` String,
    `calls` Int64,
    `tokens` Int64,
    `held_us` Int64
)
AS SELECT
    hour,
    endpoint,
    pool,
    node,
    sum(call) AS calls,
    sum(of_call) AS tokens,
    sum(for_us) AS held_us
FROM
(
    SELECT
        toStartOfHour(u.started_at) AS hour,
        ifNull(u.endpoint, '') AS endpoint,
        u.pool AS pool,
        '' AS node,
        toInt64(1) AS call,
        toInt64(ifNull(u.input_tokens, 0) + ifNull(u.output_tokens, 0)) AS of_call,
        toInt64(0) AS for_us
    FROM usage_events AS u
    FINAL
    WHERE (u.kind = 'inference') AND (u.endpoint IS NOT NULL) AND ((u.precedence <= 1) OR empty(ifNull(u.response_id, '')))
    UNION ALL
    SELECT
        toStartOfHour(u.started_at) AS hour,
        ifNull(h.1, '') AS endpoint,
        u.pool AS pool,
        ifNull(u.node, '') AS node,
        toInt64(0) AS call,
        toInt64(0) AS of_call,
        h.2 AS for_us
    FROM usage_events AS u
    FINAL
    ARRAY JOIN arrayZip(u.holders.endpoint, u.holders.held_us) AS h
    WHERE (u.kind = 'gpu') AND (ifNull(h.1, '') != '')
)
GROUP BY
    hour,
    endpoint,
    pool,
    node
SETTINGS do_not_merge_across_partitions_select_final = 1

CREATE VIEW gpu_use
(
    `hour` DateTime('UTC'),
    `pool` LowCardinality(String),
    `node` LowCardinality(String),
    `device` LowCardinality(String),
    `model` LowCardinality(String),
    `endpoint` String,
    `seen_us` Int64,
    `active_us` Int64,
    `unpriced_us` Int64,
    `currency` LowCardinality(String),
    `cost` Nullable(Decimal(76, 12)),
    `unworked_cost` Nullable(Decimal(76, 12))
)
AS SELECT
    toStartOfHour(u.started_at) AS hour,
    u.pool AS pool,
    ifNull(u.node, '') AS node,
    ifNull(u.device, '') AS device,
    ifNull(u.model, '') AS model,
    ifNull(part.1, '') AS endpoint,
    sum(part.2) AS seen_us,
    sum(part.3) AS active_us,
    sumIf(part.2, u.list_cost IS NULL) AS unpriced_us,
    u.currency AS currency,
    sum(divideDecimal(multiplyDecimal(u.list_cost, toDecimal128(part.2, 0), 12), toDecimal128(toUnixTimestamp64Micro(u.ended_at) - toUnixTimestamp64Micro(u.started_at), 0), 12)) AS cost,
    sum(divideDecimal(multiplyDecimal(u.list_cost, toDecimal128((part.2) - (part.3), 0), 12), toDecimal128(toUnixTimestamp64Micro(u.ended_at) - toUnixTimestamp64Micro(u.started_at), 0), 12)) AS unworked_cost
FROM usage_events AS u
FINAL
ARRAY JOIN arrayConcat(arrayMap((endpoint, held_us, active_us) -> (endpoint, held_us, active_us), u.holders.endpoint, u.holders.held_us, u.holders.active_us), [(NULL, ifNull(u.unallocated_us, 0) + ifNull(u.stranded_us, 0), toInt64(0))]) AS part
WHERE (u.kind = 'gpu') AND ((part.2) > 0)
GROUP BY ALL
SETTINGS do_not_merge_across_partitions_select_final = 1

CREATE VIEW hourly
(
    `hour` DateTime64(6, 'UTC'),
    `tenant` LowCardinality(String),
    `project` LowCardinality(String),
    `pool` LowCardinality(String),
    `kind` LowCardinality(String),
    `meter` LowCardinality(String),
    `provider` LowCardinality(String),
    `model` LowCardinality(String),
    `endpoint` LowCardinality(String),
    `unit` LowCardinality(String),
    `currency` LowCardinality(String),
    `cost` Decimal(38, 12),
    `cost_final` Decimal(38, 12),
    `quantity` Decimal(38, 12),
    `events` Int64,
    `lines` UInt64
)
AS SELECT
    hour,
    tenant,
    project,
    pool,
    kind,
    meter,
    provider,
    model,
    endpoint,
    unit,
    currency,
    cost,
    cost_final,
    quantity,
    events,
    lines
FROM rollup_hourly
FINAL
WHERE lines > 0
SETTINGS do_not_merge_across_partitions_select_final = 1

CREATE TABLE late_partials
(
    `window_start` DateTime64(6, 'UTC'),
    `window_end` DateTime64(6, 'UTC') COMMENT 'exclusive',
    `pool` LowCardinality(String),
    `source` LowCardinality(String),
    `epoch` Int64,
    `seq` Int64,
    `events` Int64,
    `closed_through` DateTime64(6, 'UTC') COMMENT 'how far the partition was closed when it was read',
    `reason` LowCardinality(String),
    `inserted_at` DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (window_start, pool, source, epoch, seq)
TTL toDateTime(inserted_at) + toIntervalDay(400)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192

CREATE TABLE losses
(
    `source` LowCardinality(String),
    `epoch` Int64,
    `seq` Int64,
    `loss_index` UInt32 COMMENT 'position in the batch',
    `events` Int64 COMMENT 'how many events were dropped',
    `first_at` DateTime64(6, 'UTC') COMMENT 'when the first of them was dropped',
    `last_at` DateTime64(6, 'UTC') COMMENT 'when the last of them was dropped',
    `reason` LowCardinality(String),
    `archived_at` DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (source, epoch, seq, loss_index)
TTL toDateTime(archived_at) + toIntervalDay(400)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192

CREATE TABLE migrations
(
    `number` UInt32,
    `name` String,
    `checksum` String COMMENT 'SHA-256 of the file',
    `applied_at` DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY number
SETTINGS index_granularity = 8192

CREATE MATERIALIZED VIEW mv_batches_to_sources_heard TO sources_heard
(
    `minute` DateTime('UTC'),
    `source` LowCardinality(String)
)
AS SELECT DISTINCT
    toStartOfMinute(archived_at) AS minute,
    source
FROM batches

CREATE VIEW quarters_of_lines
AS WITH
    priced AS
    (
        SELECT
            intDiv(toUnixTimestamp64Micro(window_start), 60000000) AS minute,
            tenant,
            ifNull(model, '') AS of_model,
            pool,
            currency,
            toFloat64(assumeNotNull(cost)) AS amount,
            startsWith(meter, 'tokens.') AS is_token,
            (NOT is_token) AND (kind IN ('held_idle', 'idle_share')) AS is_idle,
            toFloat64(quantity) AS used
        FROM cost_current
        WHERE (window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')) AND (window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')) AND (NOT startsWith(pool, 'charge:')) AND (cost IS NOT NULL)
    ),
    there AS
    (
        SELECT
            intDiv(toUnixTimestamp64Micro(window_start), 900000000) AS nth,
            uniqExact(intDiv(toUnixTimestamp64Micro(window_start), 60000000)) AS all_minutes,
            max(toUnixTimestamp64Micro(window_end) - toUnixTimestamp64Micro(window_start)) AS for_us
        FROM cost_lines
        WHERE (window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')) AND (window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')) AND (NOT startsWith(pool, 'charge:')) AND (cost IS NOT NULL)
        GROUP BY nth
    ),
    sums AS
    (
        SELECT
            minute,
            tenant,
            of_model,
            pool,
            currency,
            grouping(pool) = 0 AS is_pool,
            grouping(of_model) = 0 AS is_model,
            sum(amount) AS total,
            sumIf(amount, is_idle) AS idle,
            sumIf(amount, is_token) AS of_tokens,
            sumIf(used, is_token) AS tokens
        FROM priced
        GROUP BY
            GROUPING SETS (
                (minute, currency, tenant),
                (minute, currency, tenant, of_model),
                (minute, currency, pool))
    ),
    judged AS
    (
        SELECT
            intDiv(minute, 15) AS nth,
            each.1 AS about,
            tenant,
            of_model,
            pool,
            currency,
            groupArray(each.2) AS found
        FROM sums
        ARRAY JOIN arrayFilter(of -> (of.3), [('tenant', total, (NOT is_pool) AND (NOT is_model) AND (tenant != '__idle__')), ('model', total, is_model AND (of_model != '') AND (tenant != '__idle__')), ('unit', (1000 * of_tokens) / tokens, is_model AND (tokens > 0)), ('idle', idle / total, is_pool AND (total > 0) AND (position(pool, ':') = 0))]) AS each
        GROUP BY
            nth,
            about,
            tenant,
            of_model,
            pool,
            currency
    ),
    about IN ('tenant', 'model') AS is_cost,
    if(is_cost, all_minutes, length(found)) AS counted,
    if(is_cost, 3600000000 / greatest(for_us, 60000000), 1) AS scale,
    arraySum(found) / counted AS middle
SELECT
    fromUnixTimestamp64Micro(900000000 * nth, 'UTC') AS quarter,
    about AS subject,
    tenant,
    of_model AS model,
    pool,
    currency,
    toUInt16(counted) AS minutes,
    toFloat32(middle * scale) AS mean,
    toFloat32(((arraySum(value -> abs(value - middle), found) + ((counted - length(found)) * abs(middle))) / counted) * scale) AS deviation,
    toFloat32(arrayMax(found) * scale) AS most
FROM judged
INNER JOIN there USING (nth)

CREATE TABLE rollup_daily
(
    `day` Date,
    `tenant` LowCardinality(String),
    `project` LowCardinality(String) COMMENT 'empty: none',
    `pool` LowCardinality(String),
    `kind` LowCardinality(String),
    `meter` LowCardinality(String),
    `provider` LowCardinality(String) COMMENT 'empty: none',
    `model` LowCardinality(String) COMMENT 'empty: none',
    `endpoint` LowCardinality(String) COMMENT 'empty: none',
    `unit` LowCardinality(String),
    `currency` LowCardinality(String),
    `cost` Decimal(38, 12) COMMENT 'of priced lines; lines of kind unpriced have none',
    `cost_final` Decimal(38, 12) COMMENT 'the part that is final or corrected',
    `quantity` Decimal(38, 12),
    `events` Int64,
    `lines` UInt64 COMMENT '0: the group has gone',
    `version` UInt64 COMMENT 'server clock before reading, nanoseconds'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(day)
ORDER BY (tenant, day, pool, kind, project, provider, model, endpoint, meter, unit, currency)
SETTINGS old_parts_lifetime = 60, index_granularity = 8192

CREATE TABLE rollup_hourly
(
    `hour` DateTime64(6, 'UTC') COMMENT 'begin of the hour',
    `tenant` LowCardinality(String),
    `project` LowCardinality(String) COMMENT 'empty: none',
    `pool` LowCardinality(String),
    `kind` LowCardinality(String),
    `meter` LowCardinality(String),
    `provider` LowCardinality(String) COMMENT 'empty: none',
    `model` LowCardinality(String) COMMENT 'empty: none',
    `endpoint` LowCardinality(String) COMMENT 'empty: none',
    `unit` LowCardinality(String),
    `currency` LowCardinality(String),
    `cost` Decimal(38, 12) COMMENT 'of priced lines; lines of kind unpriced have none',
    `cost_final` Decimal(38, 12) COMMENT 'the part that is final or corrected',
    `quantity` Decimal(38, 12),
    `events` Int64,
    `lines` UInt64 COMMENT '0: the group has gone',
    `version` UInt64 COMMENT 'server clock before reading, nanoseconds'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant, hour, pool, kind, project, provider, model, endpoint, meter, unit, currency)
SETTINGS old_parts_lifetime = 60, index_granularity = 8192

CREATE TABLE series_quarters
(
    `quarter` DateTime64(6, 'UTC') COMMENT 'begin of the quarter of an hour',
    `subject` LowCardinality(String) COMMENT 'tenant, model, idle or unit',
    `tenant` LowCardinality(String) COMMENT 'empty: of a pool',
    `model` LowCardinality(String) COMMENT 'empty: of all',
    `pool` LowCardinality(String) COMMENT 'empty: of all',
    `currency` LowCardinality(String),
    `minutes` UInt16 COMMENT 'that the mean is over: of costs all that have a line of anybody, of others those with a value',
    `mean` Float32 COMMENT 'what is judged: currency an hour; of idle the part of the cost; of unit currency a thousand tokens',
    `deviation` Float32 COMMENT 'mean of how far the minutes are off the mean',
    `most` Float32 COMMENT 'the greatest of the minutes',
    `version` UInt64 COMMENT 'server clock before reading, nanoseconds'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(quarter)
ORDER BY (quarter, subject, tenant, model, pool, currency)
SETTINGS old_parts_lifetime = 60, index_granularity = 8192

CREATE TABLE sources_heard
(
    `minute` DateTime('UTC'),
    `source` LowCardinality(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(minute)
ORDER BY (minute, source)
TTL minute + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, index_granularity = 8192

CREATE VIEW token_costs
(
    `hour` DateTime('UTC'),
    `tenant` LowCardinality(String),
    `provider` LowCardinality(String),
    `model` LowCardinality(String),
    `endpoint` LowCardinality(String),
    `currency` LowCardinality(String),
    `calls` Int64,
    `tokens` Int64,
    `cost` Nullable(Decimal(38, 12)),
    `list_cost` Nullable(Decimal(38, 12)),
    `billed_cost` Nullable(Decimal(38, 12)),
    `cost_per_1k` Nullable(Decimal(76, 12)),
    `list_cost_per_1k` Nullable(Decimal(76, 12)),
    `unpriced_lines` Int64,
    `provisional_lines` Int64
)
AS SELECT
    hour,
    tenant,
    provider,
    model,
    endpoint,
    currency,
    sum(call) AS calls,
    sum(of_call) AS tokens,
    sum(of_line) AS cost,
    sum(listed) AS list_cost,
    sum(billed) AS billed_cost,
    divideDecimal(sum(of_line * 1000), toDecimal128(nullIf(sum(of_call), 0), 0), 12) AS cost_per_1k,
    divideDecimal(sum(listed * 1000), toDecimal128(nullIf(sum(of_call), 0), 0), 12) AS list_cost_per_1k,
    sum(unpriced) AS unpriced_lines,
    sum(provisional) AS provisional_lines
FROM
(
    SELECT
        toStartOfHour(c.window_start) AS hour,
        c.tenant AS tenant,
        ifNull(c.provider, '') AS provider,
        ifNull(c.model, '') AS model,
        ifNull(c.endpoint, '') AS endpoint,
        c.currency AS currency,
        toInt64(0) AS call,
        toInt64(0) AS of_call,
        c.cost AS of_line,
        ifNull(c.list_cost, c.cost) AS listed,
        ifNull(c.billed_cost, c.cost) AS billed,
        toInt64(c.cost IS NULL) AS unpriced,
        toInt64(c.status = 'provisional') AS provisional
    FROM cost_current AS c
    WHERE (c.provider IS NOT NULL) AND (c.kind != 'evidence') AND (NOT startsWith(c.pool, 'charge:'))
    UNION ALL
    SELECT
        toStartOfHour(u.started_at) AS hour,
        ifNull(u.tenant, '') AS tenant,
        ifNull(u.provider, '') AS provider,
        ifNull(u.model, '') AS model,
        ifNull(u.endpoint, '') AS endpoint,
        u.currency AS currency,
        toInt64(1) AS call,
        toInt64(ifNull(u.input_tokens, 0) + ifNull(u.output_tokens, 0)) AS of_call,
        NULL AS of_line,
        NULL AS listed,
        NULL AS billed,
        toInt64(0) AS unpriced,
        toInt64(0) AS provisional
    FROM usage_events AS u
    FINAL
    WHERE (u.kind = 'inference') AND ((u.precedence <= 1) OR empty(ifNull(u.response_id, '')))
)
GROUP BY
    hour,
    tenant,
    provider,
    model,
    endpoint,
    currency
SETTINGS do_not_merge_across_partitions_select_final = 1

CREATE VIEW uncounted_evidence
AS WITH
    toInt64(86400000000) AS match_us,
    told AS
    (
        SELECT
            u.source AS source,
            u.epoch AS epoch,
            u.seq AS seq,
            u.event_index AS event_index,
            u.provider AS provider,
            u.response_id AS response_id,
            toUnixTimestamp64Micro(u.started_at) AS at_us,
            transform(concat(toString(roundDown(intDiv(at_us, {window:Int64}) * {window:Int64}, {rank_edges:Array(Int64)})), ' ', u.source), {rank_keys:Array(String)}, {ranks:Array(UInt32)}, toUInt32(1)) AS rank
        FROM usage_events AS u
        WHERE (u.kind = 'inference') AND (u.response_id != '') AND (u.started_at >= fromUnixTimestamp64Micro({since:Int64} - match_us, 'UTC')) AND (u.started_at < fromUnixTimestamp64Micro({until:Int64} + match_us, 'UTC'))
    ),
    evidence AS
    (
        SELECT *
        FROM told
        WHERE (rank > 1) AND (at_us >= {since:Int64}) AND (at_us < {until:Int64})
    )
SELECT DISTINCT
    e.source AS source,
    e.epoch AS epoch,
    e.seq AS seq,
    e.event_index AS event_index,
    e.at_us AS at_us
FROM evidence AS e
INNER JOIN
(
    SELECT *
    FROM told
    WHERE (provider, response_id) IN (
        SELECT
            provider,
            response_id
        FROM evidence
    )
) AS o ON (o.provider = e.provider) AND (o.response_id = e.response_id)
WHERE (abs(o.at_us - e.at_us) <= match_us) AND ((o.rank, o.source, o.epoch, o.seq, o.event_index) < (e.rank, e.source, e.epoch, e.seq, e.event_index))

CREATE VIEW unworked_gpu_time
(
    `day` Date,
    `pool` LowCardinality(String),
    `model` LowCardinality(Nullable(String)),
    `tenant` Nullable(String),
    `endpoint` Nullable(String),
    `state` String,
    `for_us` Int64,
    `unpriced_us` Int64,
    `currency` LowCardinality(String),
    `list_cost` Nullable(Decimal(76, 12))
)
AS SELECT
    toDate(u.started_at) AS day,
    u.pool AS pool,
    u.model AS model,
    part.1 AS tenant,
    part.2 AS endpoint,
    part.3 AS state,
    sum(part.4) AS for_us,
    sumIf(part.4, u.list_cost IS NULL) AS unpriced_us,
    u.currency AS currency,
    sum(divideDecimal(multiplyDecimal(u.list_cost, toDecimal128(part.4, 0), 12), toDecimal128(toUnixTimestamp64Micro(u.ended_at) - toUnixTimestamp64Micro(u.started_at), 0), 12)) AS list_cost
FROM usage_events AS u
FINAL
ARRAY JOIN arrayConcat(arrayMap((tenant, endpoint, held_us, active_us, absent_us) -> (tenant, endpoint, 'held_idle', (held_us - active_us) - ifNull(absent_us, 0)), u.holders.tenant, u.holders.endpoint, u.holders.held_us, u.holders.active_us, u.holders.no_context_us), arrayMap((tenant, endpoint, absent_us) -> (tenant, endpoint, 'held_without_context', ifNull(absent_us, 0)), u.holders.tenant, u.holders.endpoint, u.holders.no_context_us), [(NULL, NULL, 'unallocated', ifNull(u.unallocated_us, 0)), (NULL, NULL, 'stranded', ifNull(u.stranded_us, 0)), (NULL, NULL, 'out_of_service', ifNull(u.out_of_service_us, 0)), (NULL, NULL, 'unobserved', ifNull(u.unobserved_us, 0))]) AS part
WHERE (u.kind = 'gpu') AND ((part.4) > 0)
GROUP BY ALL
SETTINGS do_not_merge_across_partitions_select_final = 1

CREATE TABLE usage_events
(
    `source` LowCardinality(String),
    `epoch` Int64,
    `seq` Int64,
    `event_index` UInt32 COMMENT 'position of the event in its batch',
    `kind` LowCardinality(String) COMMENT 'inference, gpu or resource',
    `sent_at` DateTime64(6, 'UTC') COMMENT 'when the producer closed the batch',
    `topic` LowCardinality(String) COMMENT 'where it was last read',
    `partition` Int32,
    `offset` Int64,
    `started_at` DateTime64(6, 'UTC') COMMENT 'begin; a model call is an instant, the end of the attempt',
    `ended_at` DateTime64(6, 'UTC') COMMENT 'end, exclusive; the begin for an instant',
    `pool` LowCardinality(String) COMMENT 'as attributed',
    `tenant` LowCardinality(Nullable(String)) COMMENT 'as attributed; null: decided by allocation',
    `tenant_reported` LowCardinality(Nullable(String)) COMMENT 'as it came',
    `project` LowCardinality(Nullable(String)),
    `provider` LowCardinality(Nullable(String)),
    `model` LowCardinality(Nullable(String)) COMMENT 'model called, or GPU model',
    `endpoint` LowCardinality(Nullable(String)),
    `request_id` Nullable(String),
    `input_tokens` Nullable(UInt64) COMMENT 'cached ones included',
    `cache_read_tokens` Nullable(UInt64),
    `cache_write_5m_tokens` Nullable(UInt64),
    `cache_write_1h_tokens` Nullable(UInt64),
    `output_tokens` Nullable(UInt64) COMMENT 'reasoning included',
    `reasoning_tokens` Nullable(UInt64),
    `region` LowCardinality(Nullable(String)) COMMENT 'that served a call',
    `service_tier` LowCardinality(Nullable(String)) COMMENT 'as it came; null: the regular one',
    `quantities.meter` Array(LowCardinality(String)) COMMENT 'what else a call is priced by',
    `quantities.unit` Array(LowCardinality(String)),
    `quantities.quantity` Array(Decimal(38, 12)),
    `response_id` Nullable(String) COMMENT 'the provider\'s id',
    `operation_id` Nullable(String) COMMENT 'what attempts of one call share',
    `attempt` Nullable(Int32) COMMENT 'from 1',
    `operation` LowCardinality(Nullable(String)) COMMENT 'chat, embeddings, ...',
    `status` LowCardinality(Nullable(String)) COMMENT 'how the attempt ended',
    `error_type` LowCardinality(Nullable(String)) COMMENT 'a class of errors',
    `usage_source` LowCardinality(Nullable(String)) COMMENT 'provider, estimate or none',
    `gateway_cache` LowCardinality(Nullable(String)) COMMENT 'hit: nothing was called',
    `avoided_input_tokens` Nullable(UInt64) COMMENT 'saved by a hit',
    `avoided_output_tokens` Nullable(UInt64) COMMENT 'saved by a hit',
    `call_started_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'begin of the attempt',
    `first_token_at` Nullable(DateTime64(6, 'UTC')),
    `is_stream` Nullable(Bool),
    `reported_cost` Nullable(Decimal(38, 12)) COMMENT 'by provider or gateway; to compare with',
    `reported_currency` LowCardinality(Nullable(String)),
    `gateway` LowCardinality(Nullable(String)) COMMENT 'what observed the call',
    `key_hash` Nullable(String) COMMENT 'of the caller\'s key',
    `user_hash` Nullable(String) COMMENT 'of the end user',
    `raw_usage` Nullable(String) COMMENT 'the provider\'s usage as JSON, counts only',
    `resource_kind` LowCardinality(Nullable(String)),
    `sku` LowCardinality(Nullable(String)),
    `resource_id` Nullable(String),
    `quantity` Nullable(Decimal(38, 12)),
    `unit` LowCardinality(Nullable(String)),
    `node` LowCardinality(Nullable(String)),
    `device` LowCardinality(Nullable(String)) COMMENT 'UUID of the GPU',
    `holders.tenant` Array(LowCardinality(Nullable(String))),
    `holders.project` Array(LowCardinality(Nullable(String))),
    `holders.endpoint` Array(LowCardinality(Nullable(String))),
    `holders.job` Array(Nullable(String)),
    `holders.held_us` Array(Int64),
    `holders.active_us` Array(Int64),
    `holders.no_context_us` Array(Nullable(Int64)) COMMENT 'of held and not active time, without a process on the device',
    `holders.instance` Array(Nullable(String)) COMMENT 'UUID of the MIG device; null: the GPU itself or replicas of it',
    `holders.memory_bytes` Array(Nullable(Int64)) COMMENT 'the most that was seen',
    `holders.attribution` Array(LowCardinality(Nullable(String))) COMMENT 'how this part was found',
    `holders.rule` Array(LowCardinality(Nullable(String))) COMMENT 'name of the tenant rule',
    `holders.evidence` Array(Array(LowCardinality(String))) COMMENT 'strongest first',
    `holders.workload` Array(Map(LowCardinality(String), String)) COMMENT 'namespace, pod, slurm_job, ...',
    `unallocated_us` Nullable(Int64) COMMENT 'GPU-microseconds',
    `stranded_us` Nullable(Int64) COMMENT 'GPU-microseconds',
    `out_of_service_us` Nullable(Int64) COMMENT 'GPU-microseconds',
    `unobserved_us` Nullable(Int64) COMMENT 'GPU-microseconds; null: not told apart, none',
    `purchase_option` LowCardinality(Nullable(String)) COMMENT 'how a GPU was bought',
    `sharing_mode` LowCardinality(Nullable(String)) COMMENT 'exclusive, mig, time_sliced, mps',
    `energy_mj` Nullable(Int64) COMMENT 'of the device over the interval, millijoules',
    `samples_expected` Nullable(Int32) COMMENT 'how often the device should have been looked at',
    `samples_taken` Nullable(Int32) COMMENT 'how often it was',
    `flags` Array(LowCardinality(String)) COMMENT 'what was wrong in the interval',
    `list_cost` Nullable(Decimal(38, 12)) COMMENT 'at list price, in currency; null: no price was in force, or charged by GPU time',
    `precedence` UInt32 COMMENT 'of the source as an observer of the call, as attributed; the least counts; 0: archived before there was one, 1',
    `currency` LowCardinality(String),
    `price_book` LowCardinality(String),
    `catalog` LowCardinality(String),
    `archived_at` DateTime64(6, 'UTC') DEFAULT now64(6),
    INDEX by_end ended_at TYPE minmax GRANULARITY 1,
    INDEX by_tenant tenant TYPE set(64) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(started_at)
ORDER BY (toStartOfHour(started_at), ifNull(tenant_reported, ''), source, epoch, seq, event_index)
TTL toDateTime(archived_at) + toIntervalDay(400)
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192
