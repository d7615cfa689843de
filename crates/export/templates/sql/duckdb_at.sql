  SELECT least(s.score0 + (placed.wh - s.wh0) * s.rise / s.run, s.most)
  FROM (
    SELECT @DAY_RULE@ AS day, local_s % 86400 // 3600 AS hour, dated.wh
    FROM (
      SELECT local_s, local_s // 86400 - 1 AS local_day, moved.wh
      FROM (
        -- A day more, so that it is never negative.
        SELECT given.start_ms // 1000 + 86400 + z.offset_s AS local_s, given.wh
        FROM (SELECT @START_MS@ AS start_ms, CAST(wh AS DOUBLE) AS wh) AS given
        JOIN @TABLE@_spans AS z ON z.from_ms <= given.start_ms
        ORDER BY z.from_ms DESC LIMIT 1
      ) AS moved
    ) AS dated
  ) AS placed
  JOIN @TABLE@_segments AS s
  ON s.feature = 'level' AND s.day = placed.day AND s.hour = placed.hour AND placed.wh BETWEEN s.from_wh AND s.to_wh
