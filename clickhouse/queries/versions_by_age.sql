-- Every version of price books and catalogs there is, the one published last first.
-- first_us: when it was published first, microseconds; 0: never, it is built in.
SELECT c.kind AS kind, c.version AS version, toUnixTimestamp64Micro(min(c.published_at)) AS first_us
FROM configs AS c FINAL
GROUP BY c.kind, c.version
ORDER BY max((c.published_at, c.inserted_at)) DESC, version
SETTINGS output_format_json_quote_64bit_integers = 0
