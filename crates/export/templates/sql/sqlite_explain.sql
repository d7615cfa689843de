-- Make the tables, and make them anew for a newer model:
--     sqlite3 FILE.sqlite < @FILE@
-- SQLite has no functions in SQL. These are queries instead, with parameters to bind; NULL, or no row, where there is no score.

-- @NAME@(day, hour, wh): class of day, hour, Wh.
SELECT min(s.score0 + (:wh - s.wh0) * s.rise / s.run, s.most)
FROM @TABLE@_segments AS s
WHERE s.feature = 'level' AND s.day = :day AND s.hour = :hour AND :wh BETWEEN s.from_wh AND s.to_wh
ORDER BY s.from_wh DESC LIMIT 1;

-- @NAME@_HOUR(hour, wh): without the day, the lowest score of any.
SELECT min(min(s.score0 + (:wh - s.wh0) * s.rise / s.run, s.most))
FROM @TABLE@_segments AS s
WHERE s.feature = 'level' AND s.hour = :hour AND :wh BETWEEN s.from_wh AND s.to_wh;

-- @NAME@_AT(start_ms, wh): milliseconds since 1970 at which the hour starts, Wh.
SELECT (
  SELECT min(s.score0 + (:wh - s.wh0) * s.rise / s.run, s.most)
  FROM @TABLE@_segments AS s
  WHERE s.feature = 'level' AND s.day = placed.day AND s.hour = placed.hour AND :wh BETWEEN s.from_wh AND s.to_wh
  ORDER BY s.from_wh DESC LIMIT 1
) FROM (
  SELECT @DAY_RULE@ AS day, local_s % 86400 / 3600 AS hour
  FROM (
    SELECT local_s, local_s / 86400 - 1 AS local_day
    FROM (
      -- A day more, so that it is never negative.
      SELECT :start_ms / 1000 + 86400 + offset_s AS local_s
      FROM @TABLE@_spans WHERE from_ms <= :start_ms ORDER BY from_ms DESC LIMIT 1
    )
  )
) AS placed;
@EXAMPLES@
-- All that `knowatt score` gives, of hours in a table readings (meter TEXT, start TEXT, wh REAL), start being 2024-01-31T23:00:00Z;
-- hours with a gap before them have no floor, step and rise.
@QUERY@