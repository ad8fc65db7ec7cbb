-- Why:    what a call is priced by beside its tokens: region, service tier and other quantities; how a
--         GPU was bought; and why a price book or catalog was published.
-- Blocks: no, adding columns with defaults rewrites nothing.
-- Undo:   ALTER TABLE usage_events DROP COLUMN of each; ALTER TABLE configs DROP COLUMN note;

ALTER TABLE usage_events
    ADD COLUMN IF NOT EXISTS region LowCardinality(Nullable(String)) COMMENT 'that served a call' AFTER reasoning_tokens,
    ADD COLUMN IF NOT EXISTS service_tier LowCardinality(Nullable(String)) COMMENT 'as it came; null: the regular one' AFTER region,
    ADD COLUMN IF NOT EXISTS `quantities.meter` Array(LowCardinality(String)) COMMENT 'what else a call is priced by' AFTER service_tier,
    ADD COLUMN IF NOT EXISTS `quantities.unit` Array(LowCardinality(String)) AFTER `quantities.meter`,
    ADD COLUMN IF NOT EXISTS `quantities.quantity` Array(Decimal(38, 12)) AFTER `quantities.unit`,
    ADD COLUMN IF NOT EXISTS purchase_option LowCardinality(Nullable(String)) COMMENT 'how a GPU was bought' AFTER out_of_service_us;

ALTER TABLE configs
    ADD COLUMN IF NOT EXISTS note Nullable(String) COMMENT 'why it was published' AFTER body;
