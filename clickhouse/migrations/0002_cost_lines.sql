-- Why:    cost lines in every revision that matters, and the current state of each.
-- Blocks: no, new tables only.
-- Undo:   DROP VIEW cost_current; DROP VIEW mv_cost_lines_to_cost_line_revisions;
--         DROP TABLE cost_line_revisions; DROP TABLE cost_lines;

-- Engine:    of one line_id the highest version stays: generation, then revision, then final over
--            provisional, packed into one number (rows.py). Equal versions have equal content, so
--            any order and number of inserts gives the same rows. Read with FINAL.
-- Order key: ends in the identity. line_id is a hash of tenant and window among others, so both
--            may stand before it: a tenant's bill reads that tenant's rows only.
-- Partition: by day of the window: recomputing an hour reads one day, FINAL looks at one day.
-- TTL:       none, this is the bill.
-- Fsync:     offsets are committed after the insert returns.
CREATE TABLE IF NOT EXISTS cost_lines (
    line_id String COMMENT 'hash of the dimensions' CODEC(ZSTD(1)),
    window_start DateTime64(6, 'UTC'),
    window_end DateTime64(6, 'UTC') COMMENT 'exclusive',
    pool LowCardinality(String),
    tenant LowCardinality(String) COMMENT '__unattributed__: nobody known; __idle__: nobody could take it',
    project LowCardinality(Nullable(String)),
    kind LowCardinality(String),
    meter LowCardinality(String),
    provider LowCardinality(Nullable(String)),
    model LowCardinality(Nullable(String)),
    endpoint LowCardinality(Nullable(String)),
    job Nullable(String),
    unit LowCardinality(String),
    quantity Decimal(38, 12),
    cost Nullable(Decimal(38, 12)) COMMENT 'in currency; null: no price was in force',
    currency LowCardinality(String),
    events Int64 COMMENT 'over all lines each usage event is counted once',
    price_book LowCardinality(String),
    catalog LowCardinality(String),
    generation Int64 COMMENT '0 as streamed; repair and re-pricing publish higher ones',
    revision Int64 COMMENT 'batches applied to the window and pool',
    status LowCardinality(String) COMMENT 'provisional, final or corrected',
    version UInt64 COMMENT 'generation, revision and status in one number',
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(window_start)
ORDER BY (tenant, window_start, line_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- What was billed before: every settled revision of every line. Provisional ones are left out:
-- they come once a second and nobody was billed by them.
--
-- Engine:    an insert repeated gives the same rows, so the view that fills it may run twice.
-- Order key, partition, TTL: as cost_lines, with the version as part of the identity.
CREATE TABLE IF NOT EXISTS cost_line_revisions AS cost_lines
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(window_start)
ORDER BY (tenant, window_start, line_id, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS mv_cost_lines_to_cost_line_revisions
TO cost_line_revisions
AS SELECT * FROM cost_lines WHERE status != 'provisional';

-- The line in force for every line_id. window_start is part of what line_id hashes, so no line is
-- in two partitions and FINAL need not look across them.
CREATE VIEW IF NOT EXISTS cost_current AS
SELECT
    line_id, window_start, window_end, pool, tenant, project, kind, meter, provider, model,
    endpoint, job, unit, quantity, cost, currency, events, price_book, catalog, generation,
    revision, status
FROM cost_lines FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
