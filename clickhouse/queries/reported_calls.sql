-- Which calls of a window were reported, by whom and as whose? As grouped_calls, but not by price;
-- with the first few of each group. since, until: Int64 microseconds; few: UInt64.
SELECT
    toUnixTimestamp64Micro(min(u.started_at)),
    u.source, u.tenant_reported, u.project, u.provider, u.model, u.endpoint, u.region,
    u.service_tier,
    count(),
    arraySlice(
        arraySort(
            groupArray((
                toUnixTimestamp64Micro(u.started_at), u.epoch, u.seq, u.event_index,
                ifNull(u.request_id, ''), ifNull(u.input_tokens, 0), ifNull(u.output_tokens, 0)
            ))
        ),
        1,
        {few:UInt64}
    )
FROM usage_events AS u FINAL
WHERE
    u.kind = 'inference'
    AND u.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
    AND u.started_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY
    u.source, u.tenant_reported, u.project, u.provider, u.model, u.endpoint, u.region,
    u.service_tier
ORDER BY ALL
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
