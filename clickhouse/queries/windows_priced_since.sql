-- How many windows that have ended have lines of some models from an instant on?
-- No models: lines of anything.
SELECT count() AS windows
FROM
(
    SELECT DISTINCT window_start, pool
    FROM cost_current
    WHERE
        window_end > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND (empty({models:Array(String)}) OR model IN {models:Array(String)})
)
