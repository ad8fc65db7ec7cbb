-- Why:    the archive of every usage event as it came, which repair, replay and audits read back;
--         and the batches it came in, which tell whether anything is missing.
-- Blocks: no, new tables only.
-- Undo:   DROP TABLE usage_events; DROP TABLE batches; DROP TABLE losses;
--
-- Statements end with a semicolon at the end of a line. Each may run again after a crash halfway.

-- One row per event of any usage topic. Null means what it means in the event's own schema, or
-- that the event is of another kind.
--
-- Engine:    a batch may be delivered or inserted again at any time. Rows of one identity are the
--            same event, so one of them stays: ReplacingMergeTree, read with FINAL. No version
--            column: only attribution can differ between them (a newer catalog or price book at
--            the second delivery), and then the last insert is the better one.
-- Order key: ends in the identity (source, epoch, seq, event_index). What stands before it must
--            never change for an identity, so it is the event's own time and the tenant as the
--            producer named it, not the attributed one. It suits reading one hour (repair) and
--            one tenant's hours; the skip index on tenant serves the attributed name, which is
--            nearly always the same.
-- Partition: by day of the event: repair and questions are about days, FINAL never has to look
--            across them, and old days are dropped whole.
-- TTL:       400 days, a year and a month to compare with. Counted from archiving, not from the
--            event, so that imported history is not deleted at once.
-- Fsync:     offsets are committed after the insert returns, so the row has to survive power loss.
CREATE TABLE IF NOT EXISTS usage_events (
    source LowCardinality(String),
    epoch Int64,
    seq Int64,
    event_index UInt32 COMMENT 'position of the event in its batch',
    kind LowCardinality(String) COMMENT 'inference, gpu or resource',
    sent_at DateTime64(6, 'UTC') COMMENT 'when the producer closed the batch',
    topic LowCardinality(String) COMMENT 'where it was last read',
    partition Int32,
    offset Int64,
    started_at DateTime64(6, 'UTC') COMMENT 'begin; a model call is an instant, the end of the attempt',
    ended_at DateTime64(6, 'UTC') COMMENT 'end, exclusive; the begin for an instant',
    pool LowCardinality(String) COMMENT 'as attributed',
    tenant LowCardinality(Nullable(String)) COMMENT 'as attributed; null: decided by allocation',
    tenant_reported LowCardinality(Nullable(String)) COMMENT 'as it came',
    project LowCardinality(Nullable(String)),
    provider LowCardinality(Nullable(String)),
    model LowCardinality(Nullable(String)) COMMENT 'model called, or GPU model',
    endpoint LowCardinality(Nullable(String)),
    request_id Nullable(String),
    input_tokens Nullable(UInt64) COMMENT 'cached ones included',
    cache_read_tokens Nullable(UInt64),
    cache_write_5m_tokens Nullable(UInt64),
    cache_write_1h_tokens Nullable(UInt64),
    output_tokens Nullable(UInt64) COMMENT 'reasoning included',
    reasoning_tokens Nullable(UInt64),
    resource_kind LowCardinality(Nullable(String)),
    sku LowCardinality(Nullable(String)),
    resource_id Nullable(String),
    quantity Nullable(Decimal(38, 12)),
    unit LowCardinality(Nullable(String)),
    node LowCardinality(Nullable(String)),
    device LowCardinality(Nullable(String)) COMMENT 'UUID of the GPU',
    holders Nested (
        tenant LowCardinality(Nullable(String)),
        project LowCardinality(Nullable(String)),
        endpoint LowCardinality(Nullable(String)),
        job Nullable(String),
        held_us Int64,
        active_us Int64
    ),
    unallocated_us Nullable(Int64) COMMENT 'GPU-microseconds',
    stranded_us Nullable(Int64) COMMENT 'GPU-microseconds',
    out_of_service_us Nullable(Int64) COMMENT 'GPU-microseconds',
    list_cost Nullable(Decimal(38, 12)) COMMENT 'at list price, in currency; null: no price was in force, or charged by GPU time',
    currency LowCardinality(String),
    price_book LowCardinality(String),
    catalog LowCardinality(String),
    archived_at DateTime64(6, 'UTC') DEFAULT now64(6),
    INDEX by_end ended_at TYPE minmax GRANULARITY 1,
    INDEX by_tenant tenant TYPE set(64) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(started_at)
ORDER BY (toStartOfHour(started_at), ifNull(tenant_reported, ''), source, epoch, seq, event_index)
TTL toDateTime(archived_at) + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row per batch: gaps in seq are missing data.
--
-- Engine:    as above; the key is the identity itself.
-- Partition: none. Identity must not depend on any time that a second delivery could change, and
--            the table is a thousandth of the archive.
-- TTL:       as the archive's.
CREATE TABLE IF NOT EXISTS batches (
    source LowCardinality(String),
    epoch Int64,
    seq Int64,
    kind LowCardinality(String),
    sent_at DateTime64(6, 'UTC'),
    events UInt32 COMMENT 'in the batch as it came',
    rejected UInt32 COMMENT 'of those, how many are dead letters and not in the archive',
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    archived_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (source, epoch, seq)
TTL toDateTime(archived_at) + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- One row per loss a producer reported. Engine, order key, partition and TTL as for batches.
CREATE TABLE IF NOT EXISTS losses (
    source LowCardinality(String),
    epoch Int64,
    seq Int64,
    loss_index UInt32 COMMENT 'position in the batch',
    events Int64 COMMENT 'how many events were dropped',
    first_at DateTime64(6, 'UTC') COMMENT 'when the first of them was dropped',
    last_at DateTime64(6, 'UTC') COMMENT 'when the last of them was dropped',
    reason LowCardinality(String),
    archived_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (source, epoch, seq, loss_index)
TTL toDateTime(archived_at) + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
