-- What would the calls of a tenant have cost by the list, by the source that told of them, since an instant and
-- in the time before? Of calls that are counted live and paid by the token. Money is an integer of 1e-12.
-- tenant, model: String, an empty model for all; before, since_us, until_us: Int64 microseconds, of call
-- begins.
SELECT
    u.source,
    sumIf(pico, u.started_at >= fromUnixTimestamp64Micro({since_us:Int64}, 'UTC')) AS after,
    sumIf(pico, u.started_at < fromUnixTimestamp64Micro({since_us:Int64}, 'UTC'))
FROM (
    SELECT *, toInt256(reinterpretAsInt128(assumeNotNull(list_cost))) AS pico
    FROM usage_events FINAL
    WHERE
        started_at >= fromUnixTimestamp64Micro({before:Int64}, 'UTC')
        AND started_at < fromUnixTimestamp64Micro({until_us:Int64}, 'UTC')
        AND kind = 'inference' AND tenant = {tenant:String} AND list_cost IS NOT NULL
        AND ({model:String} = '' OR model = {model:String})
        AND (precedence <= 1 OR empty(ifNull(response_id, '')))
    SETTINGS do_not_merge_across_partitions_select_final = 1
) AS u
GROUP BY u.source
ORDER BY after DESC, u.source
LIMIT 100
SETTINGS output_format_json_quote_64bit_integers = 0
