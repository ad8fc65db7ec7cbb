-- The last that was said of each alert of a kind that is about a job: its state, and since when it was.
-- kind: String.
SELECT
    a.tenant, assumeNotNull(a.job), a.alert_id,
    if(countIf(a.state = 'resolved') > 0, 'resolved', 'opened'),
    toUnixTimestamp64Micro(min(a.since)), any(a.currency)
FROM alerts AS a
WHERE a.kind = {kind:String} AND a.job IS NOT NULL
GROUP BY a.tenant, a.job, a.alert_id
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
