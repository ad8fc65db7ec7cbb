-- The versions of a kind of document that begin with some text, the one published last first.
-- kind, prefix: String; prefix empty: all of them.
SELECT version, max(published_at) AS last_published_at
FROM configs FINAL
WHERE kind = {kind:String} AND startsWith(version, {prefix:String})
GROUP BY version
ORDER BY last_published_at DESC
