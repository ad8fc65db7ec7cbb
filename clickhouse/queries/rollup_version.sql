-- The server's clock in nanoseconds, or one more than any version already there: a clock that was
-- set back must not make new rows lose.
SELECT greatest(
    toUInt64(toUnixTimestamp64Nano(now64(9))),
    (SELECT max(version) + 1 FROM rollup_hourly),
    (SELECT max(version) + 1 FROM rollup_daily),
    (SELECT max(version) + 1 FROM series_quarters)
) AS version
