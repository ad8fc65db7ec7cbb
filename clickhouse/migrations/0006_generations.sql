-- Why:    readers see a correction as a whole or not at all, and what was billed before stays.
--         Lines of each generation stand beside each other; a small table says which are complete;
--         cost_current shows, of each (window, pool), the newest that is. With it come the columns
--         that lines got in this release.
-- Blocks: the key is extended in place. Lines of repaired windows, few, are written once more; the
--         deletion of their former rows rewrites the daily parts they are in. Stop stores of the
--         former release first: they do not know which edition their lines are of.
-- Undo:   restore a backup. The former table kept one generation of a line.

ALTER TABLE cost_lines
    ADD COLUMN IF NOT EXISTS region LowCardinality(Nullable(String)) COMMENT 'that served the calls' AFTER job,
    ADD COLUMN IF NOT EXISTS service_tier LowCardinality(Nullable(String)) COMMENT 'null: the regular one' AFTER region,
    ADD COLUMN IF NOT EXISTS list_cost Nullable(Decimal(38, 12)) COMMENT 'at list price, in currency; null: no price was in force, or drawn before 0.2' AFTER cost,
    ADD COLUMN IF NOT EXISTS billed_cost Nullable(Decimal(38, 12)) COMMENT 'charged to the tenant, in currency; null: no price was in force, or drawn before 0.2' AFTER list_cost,
    ADD COLUMN IF NOT EXISTS lines_of_generation Nullable(Int64) COMMENT 'how many lines this generation of the (window, pool) has; null: not counted' AFTER status,
    ADD COLUMN IF NOT EXISTS note LowCardinality(Nullable(String)) COMMENT 'why the generation was published' AFTER lines_of_generation;

-- Order key: a line is replaced by newer ones of its own edition only. An edition is what one
--            publisher published under one number; rows.py says how it is computed. A key can be
--            extended by a new column only, so it stands for the generation, too.
ALTER TABLE cost_lines
    ADD COLUMN IF NOT EXISTS edition UInt64 COMMENT '0: as streamed; else tells generations, and contents of equal number, apart' AFTER note,
    MODIFY ORDER BY (tenant, window_start, line_id, edition);

-- One row per edition of a (window, pool) all of whose lines are in cost_lines. Written after them.
--
-- Engine:    a row written again is the same row.
-- Order key: ends in the identity. By window first: it is read by the hour.
-- Partition: none. A row for each corrected window, not for each window.
-- TTL:       none, as for the lines.
-- Fsync:     offsets are committed after the row is in.
CREATE TABLE IF NOT EXISTS complete_generations (
    window_start DateTime64(6, 'UTC'),
    pool LowCardinality(String),
    generation Int64,
    edition UInt64 COMMENT 'as in cost_lines',
    revision Int64 COMMENT 'batches applied; decides between editions of one generation',
    price_book LowCardinality(String),
    catalog LowCardinality(String),
    lines Int64,
    note LowCardinality(Nullable(String)) COMMENT 'why it was published',
    completed_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (window_start, pool, generation, edition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The lines in force: of each (window, pool) those of its newest complete generation, else those
-- streamed. The join is written from right to left on purpose: the engine takes its snapshots of
-- the tables from left to right, and it must have seen which generations are complete before it
-- sees the lines. The other way round a generation that completes in between is read in part.
CREATE OR REPLACE VIEW cost_current AS
SELECT
    l.line_id AS line_id, l.window_start AS window_start, l.window_end AS window_end,
    l.pool AS pool, l.tenant AS tenant, l.project AS project, l.kind AS kind, l.meter AS meter,
    l.provider AS provider, l.model AS model, l.endpoint AS endpoint, l.job AS job,
    l.region AS region, l.service_tier AS service_tier, l.unit AS unit, l.quantity AS quantity,
    l.cost AS cost, l.list_cost AS list_cost, l.billed_cost AS billed_cost,
    l.currency AS currency, l.events AS events, l.price_book AS price_book, l.catalog AS catalog,
    l.generation AS generation, l.revision AS revision, l.status AS status, l.note AS note
FROM (
    SELECT window_start, pool, argMax(edition, (generation, revision, edition)) AS edition
    FROM complete_generations
    GROUP BY window_start, pool
) AS newest
RIGHT JOIN (
    SELECT * FROM cost_lines FINAL
) AS l ON newest.window_start = l.window_start AND newest.pool = l.pool
WHERE l.edition = ifNull(newest.edition, 0)
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- What was billed before, and what is: the settled lines of every complete generation. Of a
-- (window, pool) those of the highest (generation, revision, edition) are in force.
CREATE OR REPLACE VIEW cost_history AS
SELECT
    l.line_id AS line_id, l.window_start AS window_start, l.window_end AS window_end,
    l.pool AS pool, l.tenant AS tenant, l.project AS project, l.kind AS kind, l.meter AS meter,
    l.provider AS provider, l.model AS model, l.endpoint AS endpoint, l.job AS job,
    l.region AS region, l.service_tier AS service_tier, l.unit AS unit, l.quantity AS quantity,
    l.cost AS cost, l.list_cost AS list_cost, l.billed_cost AS billed_cost,
    l.currency AS currency, l.events AS events, l.price_book AS price_book, l.catalog AS catalog,
    l.generation AS generation, l.revision AS revision, l.status AS status, l.note AS note,
    l.edition AS edition,
    if(l.edition = 0, l.inserted_at, complete.completed_at) AS settled_at
FROM (
    SELECT window_start, pool, edition, min(completed_at) AS completed_at
    FROM complete_generations
    GROUP BY window_start, pool, edition
) AS complete
RIGHT JOIN (
    SELECT * FROM cost_lines FINAL
) AS l
    ON complete.window_start = l.window_start
    AND complete.pool = l.pool
    AND complete.edition = l.edition
WHERE l.status != 'provisional' AND (l.edition = 0 OR ifNull(complete.edition, 0) > 0)
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- Corrections so far went into edition 0, over the lines they correct. They get an edition of their
-- own, which is complete: lines did not say how many there are. Readers see the same all the time.
INSERT INTO cost_lines (
    line_id, window_start, window_end, pool, tenant, project, kind, meter, provider, model,
    endpoint, job, unit, quantity, cost, currency, events, price_book, catalog, generation,
    revision, status, edition, version, inserted_at
)
SELECT
    line_id, window_start, window_end, pool, tenant, project, kind, meter, provider, model,
    endpoint, job, unit, quantity, cost, currency, events, price_book, catalog, generation,
    revision, status, toUInt64(generation), version, inserted_at
FROM cost_lines
WHERE generation > 0 AND edition = 0
SETTINGS max_partitions_per_insert_block = 0;

INSERT INTO complete_generations (
    window_start, pool, generation, edition, revision, price_book, catalog, lines, completed_at
)
SELECT
    window_start, pool, generation, edition, max(l.revision), any(l.price_book), any(l.catalog),
    uniqExact(l.line_id), max(l.inserted_at)
FROM cost_lines AS l
WHERE l.generation > 0 AND l.edition = toUInt64(l.generation)
GROUP BY window_start, pool, generation, edition;

ALTER TABLE cost_lines DELETE WHERE generation > 0 AND edition = 0 SETTINGS mutations_sync = 2;

-- What they replaced comes back from the table of revisions, which is needed no more. Not before
-- they have gone from edition 0, where a lower version is merged away.
DROP VIEW IF EXISTS mv_cost_lines_to_cost_line_revisions;

CREATE TABLE IF NOT EXISTS cost_line_revisions AS cost_lines;

INSERT INTO cost_lines (
    line_id, window_start, window_end, pool, tenant, project, kind, meter, provider, model,
    endpoint, job, unit, quantity, cost, currency, events, price_book, catalog, generation,
    revision, status, edition, version, inserted_at
)
SELECT
    line_id, window_start, window_end, pool, tenant, project, kind, meter, provider, model,
    endpoint, job, unit, quantity, cost, currency, events, price_book, catalog, generation,
    revision, status, toUInt64(generation), version, inserted_at
FROM cost_line_revisions
WHERE (window_start, pool) IN (SELECT window_start, pool FROM cost_lines WHERE edition > 0)
SETTINGS max_partitions_per_insert_block = 0;

INSERT INTO complete_generations (
    window_start, pool, generation, edition, revision, price_book, catalog, lines, completed_at
)
SELECT
    window_start, pool, generation, edition, max(l.revision), any(l.price_book), any(l.catalog),
    uniqExact(l.line_id), max(l.inserted_at)
FROM cost_lines AS l
WHERE l.generation > 0 AND l.edition = toUInt64(l.generation)
GROUP BY window_start, pool, generation, edition;

DROP TABLE IF EXISTS cost_line_revisions;
