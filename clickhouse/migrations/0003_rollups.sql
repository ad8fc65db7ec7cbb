-- Why:    answers over months without reading every line.
-- Blocks: no, new tables only.
-- Undo:   DROP VIEW hourly; DROP VIEW daily; DROP TABLE rollup_hourly; DROP TABLE rollup_daily;
--
-- Rows are absolute values, never increments: the writer computes an hour again after lines of it
-- changed, and the whole hour's rows get a higher version. Incremental views count a repeated
-- insert twice and cannot follow a revision.

-- Engine:    of one group the highest version stays; the version is the server's clock before the
--            lines were read, so of two recomputes the one that read later wins. A group that has
--            gone gets a row with no lines. Read through the view.
-- Order key: the group itself. Tenant first, as most questions name one. No nulls in a key: an
--            empty project, provider, model or endpoint means none.
-- Partition: by month, there are few rows.
-- TTL:       none, it is small.
-- old_parts: parts may go soon after a merge, everything here can be computed again.
CREATE TABLE IF NOT EXISTS rollup_hourly (
    hour DateTime64(6, 'UTC') COMMENT 'begin of the hour',
    tenant LowCardinality(String),
    project LowCardinality(String) COMMENT 'empty: none',
    pool LowCardinality(String),
    kind LowCardinality(String),
    meter LowCardinality(String),
    provider LowCardinality(String) COMMENT 'empty: none',
    model LowCardinality(String) COMMENT 'empty: none',
    endpoint LowCardinality(String) COMMENT 'empty: none',
    unit LowCardinality(String),
    currency LowCardinality(String),
    cost Decimal(38, 12) COMMENT 'of priced lines; lines of kind unpriced have none',
    cost_final Decimal(38, 12) COMMENT 'the part that is final or corrected',
    quantity Decimal(38, 12),
    events Int64,
    lines UInt64 COMMENT '0: the group has gone',
    version UInt64 COMMENT 'server clock before reading, nanoseconds'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant, hour, pool, kind, project, provider, model, endpoint, meter, unit, currency)
SETTINGS old_parts_lifetime = 60;

-- As rollup_hourly, by UTC day; computed from it.
CREATE TABLE IF NOT EXISTS rollup_daily (
    day Date,
    tenant LowCardinality(String),
    project LowCardinality(String) COMMENT 'empty: none',
    pool LowCardinality(String),
    kind LowCardinality(String),
    meter LowCardinality(String),
    provider LowCardinality(String) COMMENT 'empty: none',
    model LowCardinality(String) COMMENT 'empty: none',
    endpoint LowCardinality(String) COMMENT 'empty: none',
    unit LowCardinality(String),
    currency LowCardinality(String),
    cost Decimal(38, 12) COMMENT 'of priced lines; lines of kind unpriced have none',
    cost_final Decimal(38, 12) COMMENT 'the part that is final or corrected',
    quantity Decimal(38, 12),
    events Int64,
    lines UInt64 COMMENT '0: the group has gone',
    version UInt64 COMMENT 'server clock before reading, nanoseconds'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(day)
ORDER BY (tenant, day, pool, kind, project, provider, model, endpoint, meter, unit, currency)
SETTINGS old_parts_lifetime = 60;

CREATE VIEW IF NOT EXISTS hourly AS
SELECT
    hour, tenant, project, pool, kind, meter, provider, model, endpoint, unit, currency,
    cost, cost_final, quantity, events, lines
FROM rollup_hourly FINAL
WHERE lines > 0
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE VIEW IF NOT EXISTS daily AS
SELECT
    day, tenant, project, pool, kind, meter, provider, model, endpoint, unit, currency,
    cost, cost_final, quantity, events, lines
FROM rollup_daily FINAL
WHERE lines > 0
SETTINGS do_not_merge_across_partitions_select_final = 1;
