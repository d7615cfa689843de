@HEADING@
-- For ClickHouse 24.8 and later. Run it again for a newer model: what it made is replaced.
SET max_query_size = 1000000000;

-- Where the curves of a class of day and an hour stand in the arrays below; 1, where nothing is, for those that do not exist.
CREATE OR REPLACE FUNCTION @NAME@_CELL AS (day, hour) ->
  if(ifNull(toFloat64(day) BETWEEN 0 AND @LAST_DAY@ AND toFloat64(hour) BETWEEN 0 AND 23
    AND toFloat64(day) = floor(toFloat64(day)) AND toFloat64(hour) = floor(toFloat64(hour)), 0),
  toUInt32(ifNull(toFloat64(day), 0) * 24 + ifNull(toFloat64(hour), 0)) + 2, 1);

-- The score on stretches of Wh: from and to, of which both are in it, Wh and score at the left, rise, run, and the most it can be.
CREATE OR REPLACE FUNCTION @NAME@_ON AS (stretches, wh) ->
  arrayMap(knowatt -> least(knowatt.4 + (ifNull(toFloat64(wh), -1) - knowatt.3) * knowatt.5 / knowatt.6, knowatt.7),
    arrayFilter(knowatt -> ifNull(toFloat64(wh), -1) BETWEEN knowatt.1 AND knowatt.2, stretches));

CREATE OR REPLACE FUNCTION @NAME@ AS (day, hour, wh) -> arrayReduce('maxOrNull', @NAME@_ON(
@LEVEL@[@NAME@_CELL(day, hour)], wh));

CREATE OR REPLACE FUNCTION @NAME@_HOUR AS (hour, wh) -> arrayReduce('minOrNull', arrayFlatten(arrayMap(knowatt_day -> @NAME@_ON(
@LEVEL@[@NAME@_CELL(knowatt_day, hour)], wh), range(@DAYS@))));

-- The home's wall clock, in seconds since 1969-12-31; a day more than since 1970, so that it is never negative.
CREATE OR REPLACE FUNCTION @NAME@_LOCAL AS (start_ms) ->
  if(ifNull(start_ms BETWEEN 0 AND @LAST_MS@, 0), intDiv(toInt64(start_ms), 1000) + 86400 + toInt64(transform(
    roundDown(toUInt64(ifNull(start_ms, 0)),
@SPANS@),
@SPANS@,
@OFFSETS@, 0)), NULL);

-- Days since 1970-01-01 to the class of day.
CREATE OR REPLACE FUNCTION @NAME@_CLASS AS (local_day) -> @DAY_RULE@;

CREATE OR REPLACE FUNCTION @NAME@_AT AS (start_ms, wh) ->
  @NAME@(@NAME@_CLASS(intDiv(@NAME@_LOCAL(start_ms), 86400) - 1), intDiv(@NAME@_LOCAL(start_ms) % 86400, 3600), wh);
@FEATURES@
