-- Why:    what could not be counted or came too late, alerts, and the prices and catalogs in force.
-- Blocks: no, new tables only.
-- Undo:   DROP TABLE dead_letters; DROP TABLE late_partials; DROP TABLE alerts; DROP TABLE configs;
--
-- All of them are small, so none is partitioned: identities then depend on no time. Engine:
-- ReplacingMergeTree on the identity, so that a repeated insert changes nothing. Read with FINAL.

-- Order key: the identity, which is also how one looks a dead letter up. The broker's time tells
--            apart messages of equal offset in a log that was made anew, as an embedded one is.
-- TTL:       90 days: three times what the topics keep, by then it was repaired or given up.
CREATE TABLE IF NOT EXISTS dead_letters (
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    event_index Int32 COMMENT 'position of the event in its batch; -1: the whole message',
    source LowCardinality(Nullable(String)) COMMENT 'null: the message could not be decoded',
    epoch Nullable(Int64),
    seq Nullable(Int64),
    reason LowCardinality(String),
    detail String,
    at DateTime64(6, 'UTC') COMMENT 'broker time of the message',
    payload String COMMENT 'bytes as they came',
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, event_index, at)
TTL toDateTime(inserted_at) + INTERVAL 90 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Order key: the identity, window first: repair asks for windows.
-- TTL:       400 days, as the archive that repair reads.
CREATE TABLE IF NOT EXISTS late_partials (
    window_start DateTime64(6, 'UTC'),
    window_end DateTime64(6, 'UTC') COMMENT 'exclusive',
    pool LowCardinality(String),
    source LowCardinality(String),
    epoch Int64,
    seq Int64,
    events Int64,
    closed_through DateTime64(6, 'UTC') COMMENT 'how far the partition was closed when it was read',
    reason LowCardinality(String),
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (window_start, pool, source, epoch, seq)
TTL toDateTime(inserted_at) + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Order key: the identity of one state of one alert, below its tenant, who reads it.
-- TTL:       400 days, a year and a month.
CREATE TABLE IF NOT EXISTS alerts (
    alert_id String,
    tenant LowCardinality(String),
    kind LowCardinality(String),
    state LowCardinality(String) COMMENT 'opened, updated or resolved',
    since DateTime64(6, 'UTC'),
    at DateTime64(6, 'UTC'),
    expected Nullable(Decimal(38, 12)) COMMENT 'cost per hour; null: not a matter of cost',
    actual Nullable(Decimal(38, 12)) COMMENT 'cost per hour; null: not a matter of cost',
    excess Nullable(Decimal(38, 12)) COMMENT 'cost since it began; null: not a matter of cost',
    currency LowCardinality(String),
    summary String,
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, alert_id, at, state)
TTL toDateTime(inserted_at) + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Order key: the identity of one publication; the last one of a kind is in force.
-- TTL:       none: a line names the version it was rated with.
CREATE TABLE IF NOT EXISTS configs (
    kind LowCardinality(String) COMMENT 'price-book or catalog',
    version String COMMENT 'hash of the content',
    published_at DateTime64(6, 'UTC'),
    body String COMMENT 'YAML',
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (kind, published_at, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
