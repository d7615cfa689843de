@HEADING@
-- For DuckDB 1.4 and later. Run it again for a newer model: what it made is replaced in one transaction.
BEGIN;

-- One row for each stretch of Wh, of which both ends are in it.
CREATE OR REPLACE TABLE @TABLE@_segments (
  feature VARCHAR NOT NULL,
  day TINYINT NOT NULL,
  hour TINYINT NOT NULL,
  from_wh DOUBLE NOT NULL,
  to_wh DOUBLE NOT NULL,
  wh0 DOUBLE NOT NULL,
  score0 DOUBLE NOT NULL,
  rise DOUBLE NOT NULL,
  run DOUBLE NOT NULL,
  most DOUBLE NOT NULL
);
-- The home's clock: from so many milliseconds after 1970 on, it is so many seconds ahead of UTC.
CREATE OR REPLACE TABLE @TABLE@_spans (from_ms BIGINT NOT NULL, offset_s INTEGER);
-- Days since 1970-01-01.
CREATE OR REPLACE TABLE @TABLE@_holidays (holiday BIGINT NOT NULL);
@ROWS@
-- The arguments are taken into a row of their own first, where no column of the tables can stand for a column of the caller.
CREATE OR REPLACE MACRO @NAME@(day, hour, wh) AS (
  SELECT least(s.score0 + (given.wh - s.wh0) * s.rise / s.run, s.most)
  FROM (SELECT day AS day, hour AS hour, CAST(wh AS DOUBLE) AS wh) AS given
  JOIN @TABLE@_segments AS s
  ON s.feature = 'level' AND s.day = given.day AND s.hour = given.hour AND given.wh BETWEEN s.from_wh AND s.to_wh
), (hour, wh) AS (
  SELECT min(least(s.score0 + (given.wh - s.wh0) * s.rise / s.run, s.most))
  FROM (SELECT hour AS hour, CAST(wh AS DOUBLE) AS wh) AS given
  JOIN @TABLE@_segments AS s
  ON s.feature = 'level' AND s.hour = given.hour AND given.wh BETWEEN s.from_wh AND s.to_wh
);

CREATE OR REPLACE MACRO @NAME@_AT(start_ms BIGINT, wh) AS (
@AT_MS@), (start TIMESTAMPTZ, wh) AS (
@AT_TIMESTAMP@);
@FEATURES@
COMMIT;
