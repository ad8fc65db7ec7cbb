-- What was said last of each alert of some kinds that is not over, or began since an instant? Money is an
-- integer of 1e-12, null where it does not matter.
-- kinds: Array(String); since: Int64 microseconds.
SELECT
    a.alert_id, a.tenant, a.kind, a.state,
    toUnixTimestamp64Micro(a.since), toUnixTimestamp64Micro(a.at),
    if(a.excess IS NULL, NULL, toInt256(reinterpretAsInt128(ifNull(a.excess, toDecimal128(0, 12))))),
    a.currency, a.summary, a.severity, a.revision, a.model, a.pool, a.source, a.alert_group
FROM alerts_current AS a
WHERE
    a.kind IN {kinds:Array(String)}
    AND (a.state != 'resolved' OR a.since >= fromUnixTimestamp64Micro({since:Int64}, 'UTC'))
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
