-- Why:    how much of each source came is asked every few minutes, of the last hour. Batches are ordered by source,
--         so that would be a look at all of them; of each source the last hour is together, though.
-- Blocks: no: what is archived from now on has the index, and what was before is older than is asked for.
-- Undo:   ALTER TABLE batches DROP INDEX by_arrival;

ALTER TABLE batches ADD INDEX IF NOT EXISTS by_arrival archived_at TYPE minmax GRANULARITY 1;
