@HEADING@
-- For MySQL 8.0 and MariaDB 10.6, and later. Run it again for a newer model: what it made is replaced.

-- One row for each stretch of Wh, of which both ends are in it. Day and hour are doubles so that an argument of any numeric type
-- finds them by the index, and 4.5 finds none.
CREATE TABLE IF NOT EXISTS @TABLE@_segments (
  feature VARCHAR(16) CHARACTER SET ascii NOT NULL,
  day DOUBLE NOT NULL,
  hour DOUBLE NOT NULL,
  from_wh DOUBLE NOT NULL,
  to_wh DOUBLE NOT NULL,
  wh0 DOUBLE NOT NULL,
  score0 DOUBLE NOT NULL,
  rise DOUBLE NOT NULL,
  run DOUBLE NOT NULL,
  most DOUBLE NOT NULL,
  PRIMARY KEY (feature, day, hour, from_wh)
);
-- The home's clock: from so many milliseconds after 1970 on, it is so many seconds ahead of UTC.
CREATE TABLE IF NOT EXISTS @TABLE@_spans (from_ms BIGINT PRIMARY KEY, offset_s INT);
-- Days since 1970-01-01.
CREATE TABLE IF NOT EXISTS @TABLE@_holidays (holiday BIGINT PRIMARY KEY);

START TRANSACTION;
DELETE FROM @TABLE@_segments;
DELETE FROM @TABLE@_spans;
DELETE FROM @TABLE@_holidays;
@ROWS@
COMMIT;

DROP FUNCTION IF EXISTS @NAME@;
CREATE FUNCTION @NAME@(day DOUBLE, hour DOUBLE, wh DOUBLE) RETURNS DOUBLE READS SQL DATA
COMMENT 'The score of a reading by itself: class of day, hour, Wh'
RETURN (
  SELECT LEAST(s.score0 + (wh - s.wh0) * s.rise / s.run, s.most)
  FROM @TABLE@_segments AS s
  WHERE s.feature = 'level' AND s.day = day AND s.hour = hour AND wh BETWEEN s.from_wh AND s.to_wh
  ORDER BY s.from_wh DESC LIMIT 1 -- the only one, which the index leads to
);

DROP FUNCTION IF EXISTS @NAME@_HOUR;
CREATE FUNCTION @NAME@_HOUR(hour DOUBLE, wh DOUBLE) RETURNS DOUBLE READS SQL DATA
COMMENT 'The lowest score over all classes of days: hour, Wh'
RETURN (
  SELECT MIN(LEAST(s.score0 + (wh - s.wh0) * s.rise / s.run, s.most))
  FROM @TABLE@_segments AS s
  WHERE s.feature = 'level' AND s.day IN (@DAYS@) AND s.hour = hour AND wh BETWEEN s.from_wh AND s.to_wh
);

DROP FUNCTION IF EXISTS @NAME@_AT;
CREATE FUNCTION @NAME@_AT(start_ms BIGINT, wh DOUBLE) RETURNS DOUBLE READS SQL DATA
COMMENT 'The score of a reading by itself: milliseconds since 1970 at which its hour starts, Wh'
RETURN (
  SELECT (
    SELECT LEAST(s.score0 + (wh - s.wh0) * s.rise / s.run, s.most)
    FROM @TABLE@_segments AS s
    WHERE s.feature = 'level' AND s.day = placed.day AND s.hour = placed.hour AND wh BETWEEN s.from_wh AND s.to_wh
    ORDER BY s.from_wh DESC LIMIT 1
  )
  FROM (
    SELECT @DAY_RULE@ AS day, local_s % 86400 DIV 3600 AS hour
    FROM (
      SELECT local_s, local_s DIV 86400 - 1 AS local_day
      FROM (
        -- A day more, so that it is never negative.
        SELECT start_ms DIV 1000 + 86400 + z.offset_s AS local_s
        FROM @TABLE@_spans AS z WHERE z.from_ms <= start_ms ORDER BY z.from_ms DESC LIMIT 1
      ) AS moved
    ) AS dated
  ) AS placed
);
@FEATURES@
