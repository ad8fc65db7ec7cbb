-- Why:    a producer that falls silent is to be noticed within minutes. Batches are ordered by source, so
--         when each was heard last would be a look at all of them.
-- Blocks: no: a new table, filled by what is archived from now on.
-- Undo:   DROP VIEW mv_batches_to_sources_heard; DROP TABLE sources_heard;

-- The minutes in which something of a source was archived, by the clock of the engine.
--
-- Engine:    a minute inserted again is the same row, so the view that fills it may run twice.
-- Order key: the identity, minute first: it is asked what was heard of late.
-- Partition: by day of the minute, so that old ones go as a whole.
-- TTL:       30 days, more than is ever asked for.
CREATE TABLE IF NOT EXISTS sources_heard (
    minute DateTime('UTC'),
    source LowCardinality(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(minute)
ORDER BY (minute, source)
TTL minute + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS mv_batches_to_sources_heard
TO sources_heard
AS SELECT DISTINCT toStartOfMinute(archived_at) AS minute, source FROM batches;
