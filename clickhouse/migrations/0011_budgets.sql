-- Why:    what is said of budgets, jobs' caps first, is to be asked for as alerts are; and alerts say
--         which budget and which job they are about.
-- Blocks: no: two columns that are null in what is there, and a new table.
-- Undo:   DROP TABLE budget_states; ALTER TABLE alerts DROP COLUMN budget_id, DROP COLUMN job;

ALTER TABLE alerts
    ADD COLUMN IF NOT EXISTS budget_id Nullable(String) COMMENT 'null: not about a budget' AFTER summary,
    ADD COLUMN IF NOT EXISTS job Nullable(String) COMMENT 'null: not about one job' AFTER budget_id;

-- Engine:    of one budget what was said last stays, by the clock of who said it, so states that are
--            inserted again, and older ones after newer ones, change nothing. Read with FINAL.
-- Order key: the identity. Small, so not partitioned.
-- TTL:       400 days after the budget was spoken of last.
-- Fsync:     offsets are committed after the insert returns.
CREATE TABLE IF NOT EXISTS budget_states (
    budget_id String COMMENT 'job:<tenant>:<job>',
    period_start DateTime64(6, 'UTC') COMMENT 'of a job: begin of its first window',
    period_end DateTime64(6, 'UTC') COMMENT 'exclusive; of a job: end of its newest window',
    spend_limit Decimal(38, 12) COMMENT 'what may be spent, in currency',
    spent Decimal(38, 12) COMMENT 'the lines in force of the period; what has no price is not in it',
    forecast Nullable(Decimal(38, 12)) COMMENT 'null: too little seen to say, or a job',
    burn_rate Nullable(Float64) COMMENT 'null: too little seen to say, or a job',
    currency LowCardinality(String),
    stage LowCardinality(String) COMMENT 'ok, warning or exceeded',
    price_book LowCardinality(String),
    said_at DateTime64(6, 'UTC'),
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(said_at)
ORDER BY budget_id
TTL toDateTime(inserted_at) + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
