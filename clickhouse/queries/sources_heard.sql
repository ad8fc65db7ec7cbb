-- Which sources were heard of late, when last, in how many minutes, and how long were they silent between? The
-- third longest silence: two outages do not make it usual. With each the engine's own clock. Instants are begins
-- of minutes.
-- within: Int64 microseconds before now.
SELECT
    h.source,
    1000000 * toInt64(toUnixTimestamp(arraySort(groupUniqArray(h.minute))[-1])),
    toInt64(uniqExact(h.minute)),
    1000000 * toInt64(arrayReverseSort(arrayDifference(arraySort(groupUniqArray(toUnixTimestamp(h.minute)))))[3]),
    toUnixTimestamp64Micro(now64(6))
FROM sources_heard AS h
WHERE h.minute > fromUnixTimestamp64Micro(toUnixTimestamp64Micro(now64(6)) - {within:Int64}, 'UTC')
GROUP BY h.source
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
