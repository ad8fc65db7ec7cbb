-- The last that was said of each alert of a budget that the catalog names.
SELECT
    assumeNotNull(a.budget_id), a.alert_id, a.tenant,
    if(countIf(a.state = 'resolved') > 0, 'resolved', 'opened'),
    toUnixTimestamp64Micro(min(a.since)), any(a.currency)
FROM alerts AS a
WHERE startsWith(ifNull(a.budget_id, ''), 'budget:')
GROUP BY a.budget_id, a.alert_id, a.tenant
SETTINGS max_result_rows = 0, output_format_json_quote_64bit_integers = 0
