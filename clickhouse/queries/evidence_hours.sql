-- In which hours do lines in force leave out other evidence than the archive says? Begins of hours,
-- microseconds. What is archived only grows, so evidence that once does not count never does: the number
-- of events tells. Of closed windows drawn under one catalog.
-- catalog: String. Other parameters as in the view uncounted_evidence.
SELECT DISTINCT intDiv(lines.start_us, 3600000000) * 3600000000 AS hour_us
FROM (
    SELECT toUnixTimestamp64Micro(c.window_start) AS start_us, sum(c.events) AS events
    FROM cost_current AS c
    WHERE
        c.kind = 'evidence'
        AND c.catalog = {catalog:String}
        AND c.window_start >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND c.window_start < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    GROUP BY start_us
    HAVING countIf(c.status = 'provisional') = 0
) AS lines
LEFT JOIN (
    SELECT intDiv(e.at_us, {window:Int64}) * {window:Int64} AS start_us, count() AS events
    FROM uncounted_evidence(
        since = {since:Int64}, until = {until:Int64}, window = {window:Int64},
        rank_edges = {rank_edges:Array(Int64)}, rank_keys = {rank_keys:Array(String)},
        ranks = {ranks:Array(UInt32)}
    ) AS e
    GROUP BY start_us
) AS archived ON archived.start_us = lines.start_us
WHERE lines.events != archived.events
ORDER BY hour_us
SETTINGS output_format_json_quote_64bit_integers = 0
