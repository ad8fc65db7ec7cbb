-- Why:    an alert says what to do: how much it matters, what is usual, what the extra cost is made of,
--         where to look. What is said of one alert is counted, so that each saying is one row.
-- Blocks: no: columns that are empty in what is there, one of them at the end of the order key, and a view.
-- Undo:   DROP VIEW alerts_current; an order key cannot be shortened, so make a table as after 0011,
--         INSERT the old columns into it, and EXCHANGE TABLES.

ALTER TABLE alerts
    ADD COLUMN IF NOT EXISTS severity LowCardinality(String) COMMENT 'info, warning or critical; empty: said before 0.2' AFTER job,
    ADD COLUMN IF NOT EXISTS revision UInt32 COMMENT 'counts what was said of the alert, from 1; 0: said before 0.2' AFTER severity,
    ADD COLUMN IF NOT EXISTS expected_low Nullable(Decimal(38, 12)) COMMENT 'per hour, nothing unusual from here; null: not a matter of cost per hour' AFTER revision,
    ADD COLUMN IF NOT EXISTS expected_high Nullable(Decimal(38, 12)) COMMENT 'per hour, nothing unusual up to here; null: not a matter of cost per hour' AFTER expected_low,
    ADD COLUMN IF NOT EXISTS excess_per_hour Nullable(Decimal(38, 12)) COMMENT 'actual less expected; null: not a matter of cost per hour' AFTER expected_high,
    ADD COLUMN IF NOT EXISTS model LowCardinality(Nullable(String)) COMMENT 'null: not about one model' AFTER excess_per_hour,
    ADD COLUMN IF NOT EXISTS pool LowCardinality(Nullable(String)) COMMENT 'null: not about one pool' AFTER model,
    ADD COLUMN IF NOT EXISTS project LowCardinality(Nullable(String)) COMMENT 'null: not about one project' AFTER pool,
    ADD COLUMN IF NOT EXISTS source LowCardinality(Nullable(String)) COMMENT 'null: not about one producer' AFTER project,
    ADD COLUMN IF NOT EXISTS `contributors.dimension` Array(LowCardinality(String)) COMMENT 'model, project, source, pool or tenant; the greatest first' AFTER source,
    ADD COLUMN IF NOT EXISTS `contributors.value` Array(String) AFTER `contributors.dimension`,
    ADD COLUMN IF NOT EXISTS `contributors.excess` Array(Decimal(38, 12)) COMMENT 'extra cost per hour' AFTER `contributors.value`,
    ADD COLUMN IF NOT EXISTS `contributors.share` Array(Float64) COMMENT 'of all extra cost' AFTER `contributors.excess`,
    ADD COLUMN IF NOT EXISTS `links.title` Array(String) AFTER `contributors.share`,
    ADD COLUMN IF NOT EXISTS `links.url` Array(String) AFTER `links.title`,
    ADD COLUMN IF NOT EXISTS query Nullable(String) COMMENT 'SQL that shows it; null: none does' AFTER `links.url`,
    ADD COLUMN IF NOT EXISTS alert_group Nullable(String) COMMENT 'alerts of one group have one cause; null: it stands alone' AFTER query,
    MODIFY ORDER BY (tenant, alert_id, at, state, revision);

-- What was said last of each alert.
CREATE VIEW IF NOT EXISTS alerts_current AS
SELECT *
FROM alerts FINAL
ORDER BY alert_id, revision DESC, state = 'resolved' DESC, at DESC
LIMIT 1 BY alert_id;
