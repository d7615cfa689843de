
@ABOUT@CREATE OR REPLACE FUNCTION @FUNCTION@(day double precision, hour double precision, @PARAMETERS@) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT MAX(LEAST(s.score0 + (given.wh - s.wh0) * s.rise / s.run, s.most))
  FROM (VALUES @GIVEN@) AS given (feature, wh)
  JOIN @TABLE@_segments AS s
  ON s.feature = given.feature AND s.day = $1 AND s.hour = $2 AND given.wh BETWEEN s.from_wh AND s.to_wh
);
COMMENT ON FUNCTION @FUNCTION@(@TYPES@) IS
  'The highest score of those that are known, for the class of day and the hour.';
