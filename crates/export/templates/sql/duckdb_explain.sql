-- Make the macros, and make them anew for a newer model:
--     duckdb FILE.duckdb < @FILE@

-- Class of day, hour, Wh; NULL where there is no score.
SELECT @NAME@(0, 4, 1500);
-- Without the day: the lowest score of any.
SELECT @NAME@(4, 1500);
-- When the hour starts, as a TIMESTAMPTZ or in milliseconds since 1970.
SELECT @NAME@_AT(TIMESTAMPTZ '2018-09-08 04:00:00+10', 1500), @NAME@_AT(1536343200000, 1500);
@EXAMPLES@
-- All that `knowatt score` gives, of hours in a table readings (meter VARCHAR, start TIMESTAMPTZ, wh DOUBLE); hours with a gap before
-- them have no floor, step and rise.
@QUERY@