-- What was usual in each series in some quarters of an hour: as the store keeps it, or drawn from the lines where
-- it does not yet? By series, with (number of the quarter since 1970, minutes, mean, deviation, most) of each, in order.
-- since, until: Int64 microseconds of quarters that are kept, half-open; drawn_since, drawn_until: of others.
SELECT
    k.subject, k.tenant, k.model, k.pool, k.currency,
    arraySort(groupArray((intDiv(toUnixTimestamp64Micro(k.quarter), 900000000), k.minutes, k.mean, k.deviation, k.most)))
FROM (
    SELECT s.quarter, s.subject, s.tenant, s.model, s.pool, s.currency, s.minutes, s.mean, s.deviation,
        s.most
    FROM series_quarters AS s FINAL
    WHERE
        s.quarter >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND s.quarter < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
        AND (s.quarter, s.version) IN (
            SELECT quarter, max(version)
            FROM series_quarters
            WHERE
                quarter >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
                AND quarter < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
            GROUP BY quarter
        )
    UNION ALL
    SELECT d.quarter, d.subject, d.tenant, d.model, d.pool, d.currency, d.minutes, d.mean, d.deviation,
        d.most
    FROM quarters_of_lines(since = {drawn_since:Int64}, until = {drawn_until:Int64}) AS d
) AS k
GROUP BY k.subject, k.tenant, k.model, k.pool, k.currency
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
