@HEADING@
-- For SQLite 3.28 and later. SQLite has no functions in SQL: these are tables for the queries that `knowatt export --explain` prints.
-- Run it again for a newer model: what it made is replaced in one transaction.
--
-- SQLite does not promise to read all 17 digits of a decimal, but it reads whole numbers and divides by powers of two exactly; so a
-- number stands here as a fraction of which nothing is lost.
BEGIN;

DROP TABLE IF EXISTS @TABLE@_segments;
DROP TABLE IF EXISTS @TABLE@_spans;
DROP TABLE IF EXISTS @TABLE@_holidays;
-- One row for each stretch of Wh, of which both ends are in it.
CREATE TABLE @TABLE@_segments (
  feature TEXT NOT NULL,
  day INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  from_wh REAL NOT NULL,
  to_wh REAL NOT NULL,
  wh0 REAL NOT NULL,
  score0 REAL NOT NULL,
  rise REAL NOT NULL,
  run REAL NOT NULL,
  most REAL NOT NULL,
  PRIMARY KEY (feature, day, hour, from_wh)
) WITHOUT ROWID;
-- The home's clock: from so many milliseconds after 1970 on, it is so many seconds ahead of UTC.
CREATE TABLE @TABLE@_spans (from_ms INTEGER PRIMARY KEY, offset_s INTEGER);
-- Days since 1970-01-01.
CREATE TABLE @TABLE@_holidays (holiday INTEGER PRIMARY KEY);
@ROWS@
-- The largest double there is, where 9e999, infinity, stood for it.
UPDATE @TABLE@_segments SET to_wh = @MOST@ WHERE to_wh = 9e999;
UPDATE @TABLE@_segments SET score0 = @MOST@ WHERE score0 = 9e999;
UPDATE @TABLE@_segments SET score0 = -@MOST@ WHERE score0 = -9e999;
UPDATE @TABLE@_segments SET most = @MOST@ WHERE most = 9e999;

COMMIT;
