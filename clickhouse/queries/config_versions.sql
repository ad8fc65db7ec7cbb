-- Every time a price book or catalog was published, and as which version.
SELECT
    kind, version, toUnixTimestamp64Micro(published_at) AS published_at_us, note
FROM configs FINAL
ORDER BY published_at, version
