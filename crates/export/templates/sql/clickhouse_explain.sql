-- Make the functions, and make them anew for a newer model:
--     clickhouse-client --queries-file @FILE@

-- Class of day, hour, Wh; NULL where there is no score.
SELECT @NAME@(0, 4, 1500);
-- Without the day: the lowest score of any.
SELECT @NAME@_HOUR(4, 1500);
-- When the hour starts, in milliseconds since 1970.
SELECT @NAME@_AT(1536343200000, 1500), @NAME@_AT(toUnixTimestamp(now()) * 1000, 1500);
@EXAMPLES@
-- All that `knowatt score` gives, of hours in a table readings (meter String, start DateTime, wh Float64); hours with a gap before them
-- have no floor, step and rise.
@QUERY@