
@ABOUT@CREATE OR REPLACE FUNCTION @FUNCTION@(day double precision, hour double precision, @PARAMETERS@) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT MAX((
    SELECT LEAST(s.score0 + (given.wh - s.wh0) * s.rise / s.run, s.most)
    FROM @TABLE@_segments AS s
    WHERE s.feature = given.feature AND s.day = $1 AND s.hour = $2 AND given.wh BETWEEN s.from_wh AND s.to_wh
    ORDER BY s.from_wh DESC LIMIT 1
  ))
  FROM (VALUES @GIVEN@) AS given (feature, wh)
);
COMMENT ON FUNCTION @FUNCTION@(@TYPES@) IS
  'The highest score of those that are known, for the class of day and the hour.';
