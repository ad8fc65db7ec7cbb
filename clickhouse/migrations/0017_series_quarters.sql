-- Why:    what is usual in a series of costs takes weeks to know, and whoever begins to watch them has
--         to know it within a minute; reading every line of the weeks takes minutes to hours.
-- Blocks: no, a new table and a view. The store fills in the hours that there are, the newest first.
-- Undo:   DROP TABLE series_quarters; DROP VIEW quarters_of_lines;

-- The quarters of an hour of each series of costs.
--
-- Engine:    a quarter of an hour is drawn anew when its lines changed, all rows of it with a higher
--            version. Of a quarter the rows of the highest version count: a series that has gone has
--            none. FINAL drops the others of its series.
-- Order key: the quarter first, as they are read in the order of time; ends in the identity.
-- Partition: by month, there are few rows.
-- TTL:       none: less than a twentieth of the lines that they are drawn from.
-- old_parts: parts may go soon after a merge, everything here can be drawn again.
CREATE TABLE IF NOT EXISTS series_quarters (
    quarter DateTime64(6, 'UTC') COMMENT 'begin of the quarter of an hour',
    subject LowCardinality(String) COMMENT 'tenant, model, idle or unit',
    tenant LowCardinality(String) COMMENT 'empty: of a pool',
    model LowCardinality(String) COMMENT 'empty: of all',
    pool LowCardinality(String) COMMENT 'empty: of all',
    currency LowCardinality(String),
    minutes UInt16 COMMENT 'that the mean is over: of costs all that have a line of anybody, of others those with a value',
    mean Float32 COMMENT 'what is judged: currency an hour; of idle the part of the cost; of unit currency a thousand tokens',
    deviation Float32 COMMENT 'mean of how far the minutes are off the mean',
    most Float32 COMMENT 'the greatest of the minutes',
    version UInt64 COMMENT 'server clock before reading, nanoseconds'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(quarter)
ORDER BY (quarter, subject, tenant, model, pool, currency)
SETTINGS old_parts_lifetime = 60;

-- What the rows of some quarters are by the lines in force: quarters_of_lines(since = ..., until = ...),
-- Int64 microseconds, half-open, both begins of a quarter. No window of a settled month is in it.
CREATE VIEW IF NOT EXISTS quarters_of_lines AS
WITH
    priced AS (
        SELECT
            intDiv(toUnixTimestamp64Micro(window_start), 60000000) AS minute,
            tenant, ifNull(model, '') AS of_model, pool, currency,
            toFloat64(assumeNotNull(cost)) AS amount,
            startsWith(meter, 'tokens.') AS is_token,
            NOT is_token AND kind IN ('held_idle', 'idle_share') AS is_idle,
            toFloat64(quantity) AS used
        FROM cost_current
        WHERE
            window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
            AND window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
            AND NOT startsWith(pool, 'charge:') AND cost IS NOT NULL
    ),
    there AS (
        SELECT
            intDiv(toUnixTimestamp64Micro(window_start), 900000000) AS nth,
            uniqExact(intDiv(toUnixTimestamp64Micro(window_start), 60000000)) AS all_minutes,
            max(toUnixTimestamp64Micro(window_end) - toUnixTimestamp64Micro(window_start)) AS for_us
        FROM cost_lines
        WHERE
            window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
            AND window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
            AND NOT startsWith(pool, 'charge:') AND cost IS NOT NULL
        GROUP BY nth
    ),
    sums AS (
        SELECT
            minute, tenant, of_model, pool, currency,
            grouping(pool) = 0 AS is_pool, grouping(of_model) = 0 AS is_model,
            sum(amount) AS total, sumIf(amount, is_idle) AS idle,
            sumIf(amount, is_token) AS of_tokens, sumIf(used, is_token) AS tokens
        FROM priced
        GROUP BY GROUPING SETS (
            (minute, currency, tenant), (minute, currency, tenant, of_model), (minute, currency, pool)
        )
    ),
    judged AS (
        SELECT
            intDiv(minute, 15) AS nth, each.1 AS about, tenant, of_model, pool, currency,
            groupArray(each.2) AS found
        FROM sums
        ARRAY JOIN arrayFilter(of -> of.3, [
            ('tenant', total, NOT is_pool AND NOT is_model AND tenant != '__idle__'),
            ('model', total, is_model AND of_model != '' AND tenant != '__idle__'),
            ('unit', 1000 * of_tokens / tokens, is_model AND tokens > 0),
            ('idle', idle / total, is_pool AND total > 0 AND position(pool, ':') = 0)
        ]) AS each
        GROUP BY nth, about, tenant, of_model, pool, currency
    ),
    about IN ('tenant', 'model') AS is_cost,
    if(is_cost, all_minutes, length(found)) AS counted,
    if(is_cost, 3600000000 / greatest(for_us, 60000000), 1) AS scale,
    arraySum(found) / counted AS middle
SELECT
    fromUnixTimestamp64Micro(900000000 * nth, 'UTC') AS quarter,
    about AS subject, tenant, of_model AS model, pool, currency,
    toUInt16(counted) AS minutes,
    toFloat32(middle * scale) AS mean,
    toFloat32(
        (arraySum(value -> abs(value - middle), found) + (counted - length(found)) * abs(middle))
            / counted * scale
    ) AS deviation,
    toFloat32(arrayMax(found) * scale) AS most
FROM judged
INNER JOIN there USING (nth);
