
@ABOUT@CREATE OR REPLACE MACRO @FUNCTION@(day, hour, @PARAMETERS@) AS (
  SELECT max(least(s.score0 + (given.wh - s.wh0) * s.rise / s.run, s.most))
  FROM (
    @GIVEN@
  ) AS given
  JOIN @TABLE@_segments AS s
  ON s.feature = given.feature AND s.day = given.day AND s.hour = given.hour AND given.wh BETWEEN s.from_wh AND s.to_wh
);
