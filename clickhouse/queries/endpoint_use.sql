-- Which endpoints were called, and which held GPUs of which nodes, in hours that begin in
-- [since, until)? GPU time in microseconds; node is empty for calls.
-- since, until: Int64 microseconds.
SELECT
    toUnixTimestamp64Micro(toDateTime64(e.hour, 6, 'UTC')) AS hour_us, e.endpoint, e.node,
    sum(e.calls) AS of_calls, sum(e.tokens) AS of_tokens, sum(e.held_us) AS of_us
FROM endpoint_use AS e
WHERE
    e.hour >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND e.hour < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY hour_us, e.endpoint, e.node
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
