WITH taken AS (
  SELECT meter, start, wh, @START_MS@ AS start_ms
  FROM readings
  WHERE @IS_READING@
), moved AS (
  -- The home's wall clock; a day more, so that it is never negative.
  SELECT meter, start, wh, start_ms,
    @LOCAL_S@ AS local_s
  FROM taken
), placed AS (
  SELECT meter, start, wh, start_ms, local_s @DIV@ 86400 - 1 AS local_day, local_s % 86400 @DIV@ 3600 AS hour,
    CASE WHEN start_ms - MIN(start_ms) OVER (PARTITION BY meter ORDER BY start_ms ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING) = 3600000
    THEN 0 ELSE 1 END AS begins
  FROM moved
  WHERE local_s IS NOT NULL
), runs AS (
  -- Hours without a gap between them are a run.
  SELECT meter, start, wh, start_ms, hour,
    @DAY_RULE@ AS day,
    SUM(begins) OVER (PARTITION BY meter ORDER BY start_ms) AS run
  FROM placed
), lows AS (
  SELECT meter, start, wh, day, hour, ROW_NUMBER() OVER hours AS known@LOWS@
  FROM runs
  WINDOW hours AS (PARTITION BY meter, run ORDER BY start_ms)
), features AS (
  SELECT meter, start, wh, day, hour@FEATURES@
  FROM lows
), scored AS (
  SELECT meter, start, wh,
    @LEVEL@ AS level@SCORES@
  FROM features
)
SELECT meter, start, wh,
  @SCORE@ AS score, level@COLUMNS@
FROM scored
ORDER BY meter, start;
