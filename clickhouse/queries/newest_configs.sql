-- Which price book and which catalog were stored last?
SELECT kind, argMax(version, (published_at, inserted_at)) AS version FROM configs FINAL GROUP BY kind
