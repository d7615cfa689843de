@HEADING@
-- For PostgreSQL 14 and later, with or without TimescaleDB. Run it again for a newer model: what it made is replaced in one transaction.
BEGIN;
SET LOCAL client_min_messages = warning;

-- One row for each stretch of Wh, of which both ends are in it. Day and hour are doubles so that an argument of any numeric type
-- finds them by the index, and 4.5 finds none.
CREATE TABLE IF NOT EXISTS @TABLE@_segments (
  feature text NOT NULL,
  day double precision NOT NULL,
  hour double precision NOT NULL,
  from_wh double precision NOT NULL,
  to_wh double precision NOT NULL,
  wh0 double precision NOT NULL,
  score0 double precision NOT NULL,
  rise double precision NOT NULL,
  run double precision NOT NULL,
  most double precision NOT NULL,
  PRIMARY KEY (feature, day, hour, from_wh)
);
-- The home's clock: from so many milliseconds after 1970 on, it is so many seconds ahead of UTC.
CREATE TABLE IF NOT EXISTS @TABLE@_spans (from_ms bigint PRIMARY KEY, offset_s integer);
-- Days since 1970-01-01.
CREATE TABLE IF NOT EXISTS @TABLE@_holidays (holiday bigint PRIMARY KEY);

DELETE FROM @TABLE@_segments;
DELETE FROM @TABLE@_spans;
DELETE FROM @TABLE@_holidays;
@ROWS@
ANALYZE @TABLE@_segments;
ANALYZE @TABLE@_spans;
ANALYZE @TABLE@_holidays;

-- Arguments are written by their place: their names could be taken for columns, and the function's for a table's.
CREATE OR REPLACE FUNCTION @NAME@(day double precision, hour double precision, wh double precision) RETURNS double precision
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN (
  SELECT LEAST(s.score0 + ($3 - s.wh0) * s.rise / s.run, s.most)
  FROM @TABLE@_segments AS s
  WHERE s.feature = 'level' AND s.day = $1 AND s.hour = $2 AND $3 BETWEEN s.from_wh AND s.to_wh
  ORDER BY s.from_wh DESC LIMIT 1 -- the only one, which the index leads to
);
COMMENT ON FUNCTION @NAME@(double precision, double precision, double precision) IS
  'The score of a reading by itself: class of day, hour, Wh. 1.0 is the most that is normal, NULL is no score.';

CREATE OR REPLACE FUNCTION @NAME@(hour double precision, wh double precision) RETURNS double precision
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN (
  SELECT MIN((
    SELECT LEAST(s.score0 + ($2 - s.wh0) * s.rise / s.run, s.most)
    FROM @TABLE@_segments AS s
    WHERE s.feature = 'level' AND s.day = known.day AND s.hour = $1 AND $2 BETWEEN s.from_wh AND s.to_wh
    ORDER BY s.from_wh DESC LIMIT 1
  ))
  FROM (VALUES @DAYS@) AS known (day)
);
COMMENT ON FUNCTION @NAME@(double precision, double precision) IS
  'The lowest score over all classes of days: hour, Wh.';

CREATE OR REPLACE FUNCTION @NAME@_AT(start_ms bigint, wh double precision) RETURNS double precision
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN (
  SELECT (
    SELECT LEAST(s.score0 + ($2 - s.wh0) * s.rise / s.run, s.most)
    FROM @TABLE@_segments AS s
    WHERE s.feature = 'level' AND s.day = placed.day AND s.hour = placed.hour AND $2 BETWEEN s.from_wh AND s.to_wh
    ORDER BY s.from_wh DESC LIMIT 1
  )
  FROM (
    SELECT @DAY_RULE@ AS day, local_s % 86400 / 3600 AS hour
    FROM (
      SELECT local_s, local_s / 86400 - 1 AS local_day
      FROM (
        -- A day more, so that it is never negative.
        SELECT $1 / 1000 + 86400 + z.offset_s AS local_s
        FROM @TABLE@_spans AS z WHERE z.from_ms <= $1 ORDER BY z.from_ms DESC LIMIT 1
      ) AS moved
    ) AS dated
  ) AS placed
);
COMMENT ON FUNCTION @NAME@_AT(bigint, double precision) IS
  'The score of a reading by itself: milliseconds since 1970 at which its hour starts, Wh. NULL outside 1970 to 2099.';

CREATE OR REPLACE FUNCTION @NAME@_AT(start timestamptz, wh double precision) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE -- not STRICT, so that it is expanded into the call of the other
RETURN @NAME@_AT(
  CASE WHEN $1 >= '1970-01-01 00:00:00+00' AND $1 < '2100-01-01 00:00:00+00'
  THEN FLOOR(EXTRACT(EPOCH FROM $1) * 1000)::bigint END,
  $2
);
COMMENT ON FUNCTION @NAME@_AT(timestamptz, double precision) IS
  'The score of a reading by itself: when its hour starts, Wh. NULL outside 1970 to 2099.';

-- What an older model made for hours that this one does not look at, which CREATE OR REPLACE would leave or refuse. Where something of yours
-- uses one of these functions, this ends with an error, and all stays as it was.
DO $$
DECLARE
  old regprocedure;
BEGIN
  FOR old IN
    SELECT p.oid
    FROM (VALUES
      @MADE@
    ) AS made (function, possible, arguments)
    JOIN pg_catalog.pg_proc AS p ON p.proname = made.function AND p.prokind = 'f'
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname = current_schema()
    WHERE 'double precision'::regtype = ALL (p.proargtypes)
    AND array_to_string(p.proargnames, ', ') ~ made.possible
    AND array_to_string(p.proargnames, ', ') <> made.arguments
  LOOP
    EXECUTE format('DROP FUNCTION %s', old);
  END LOOP;
END
$$;
@FEATURES@
COMMIT;
