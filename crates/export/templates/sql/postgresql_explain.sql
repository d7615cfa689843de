-- Make the functions, and make them anew for a newer model:
--     psql -v ON_ERROR_STOP=1 -d DATABASE -f @FILE@

-- Class of day, hour, Wh; NULL where there is no score.
SELECT @NAME@(0, 4, 1500);
-- Without the day: the lowest score of any.
SELECT @NAME@(4, 1500);
-- When the hour starts, as a timestamptz or in milliseconds since 1970.
SELECT @NAME@_AT('2018-09-08 04:00+10'::timestamptz, 1500), @NAME@_AT(1536343200000, 1500);
@EXAMPLES@
-- All that `knowatt score` gives, of hours in a table readings (meter text, start timestamptz, wh double precision), which may be a
-- hypertable; hours with a gap before them have no floor, step and rise.
@QUERY@