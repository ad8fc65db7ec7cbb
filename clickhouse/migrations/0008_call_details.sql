-- Why:    what gateways tell of a call beside its price: its identity for other observers, attempts,
--         how it ended, who counted, what a cache saved, what the provider says it cost.
-- Blocks: no, adding columns with defaults rewrites nothing.
-- Undo:   ALTER TABLE usage_events DROP COLUMN of each.

ALTER TABLE usage_events
    ADD COLUMN IF NOT EXISTS response_id Nullable(String) COMMENT 'the provider''s id' AFTER `quantities.quantity`,
    ADD COLUMN IF NOT EXISTS operation_id Nullable(String) COMMENT 'what attempts of one call share' AFTER response_id,
    ADD COLUMN IF NOT EXISTS attempt Nullable(Int32) COMMENT 'from 1' AFTER operation_id,
    ADD COLUMN IF NOT EXISTS operation LowCardinality(Nullable(String)) COMMENT 'chat, embeddings, ...' AFTER attempt,
    ADD COLUMN IF NOT EXISTS status LowCardinality(Nullable(String)) COMMENT 'how the attempt ended' AFTER operation,
    ADD COLUMN IF NOT EXISTS error_type LowCardinality(Nullable(String)) COMMENT 'a class of errors' AFTER status,
    ADD COLUMN IF NOT EXISTS usage_source LowCardinality(Nullable(String)) COMMENT 'provider, estimate or none' AFTER error_type,
    ADD COLUMN IF NOT EXISTS gateway_cache LowCardinality(Nullable(String)) COMMENT 'hit: nothing was called' AFTER usage_source,
    ADD COLUMN IF NOT EXISTS avoided_input_tokens Nullable(UInt64) COMMENT 'saved by a hit' AFTER gateway_cache,
    ADD COLUMN IF NOT EXISTS avoided_output_tokens Nullable(UInt64) COMMENT 'saved by a hit' AFTER avoided_input_tokens,
    ADD COLUMN IF NOT EXISTS call_started_at Nullable(DateTime64(6, 'UTC')) COMMENT 'begin of the attempt' AFTER avoided_output_tokens,
    ADD COLUMN IF NOT EXISTS first_token_at Nullable(DateTime64(6, 'UTC')) AFTER call_started_at,
    ADD COLUMN IF NOT EXISTS is_stream Nullable(Bool) AFTER first_token_at,
    ADD COLUMN IF NOT EXISTS reported_cost Nullable(Decimal(38, 12)) COMMENT 'by provider or gateway; to compare with' AFTER is_stream,
    ADD COLUMN IF NOT EXISTS reported_currency LowCardinality(Nullable(String)) AFTER reported_cost,
    ADD COLUMN IF NOT EXISTS gateway LowCardinality(Nullable(String)) COMMENT 'what observed the call' AFTER reported_currency,
    ADD COLUMN IF NOT EXISTS key_hash Nullable(String) COMMENT 'of the caller''s key' AFTER gateway,
    ADD COLUMN IF NOT EXISTS user_hash Nullable(String) COMMENT 'of the end user' AFTER key_hash,
    ADD COLUMN IF NOT EXISTS raw_usage Nullable(String) COMMENT 'the provider''s usage as JSON, counts only' AFTER user_hash;
