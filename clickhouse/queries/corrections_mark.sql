-- Did anything become complete since the same was asked? If so, this is another answer.
SELECT toUnixTimestamp64Micro(max(c.completed_at)), toInt64(uniqExact(c.edition))
FROM complete_generations AS c
SETTINGS output_format_json_quote_64bit_integers = 0
