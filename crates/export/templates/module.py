"""@HEADING@

Scores are those of knowatt itself, bit for bit. Only the standard library is needed; with NumPy, `score_array` scores columns.

>>> import @MODULE@
>>> @MODULE@.score(0, 4, 1500.0) is not None
True
"""

from bisect import bisect_right
from collections import namedtuple
from datetime import datetime, timedelta, timezone

DAY_CLASSES = (@DAY_CLASSES@)
"""The names of the day classes; a day is the index of one."""

FLOORS = (@FLOORS@)
"""The lowest reading of the last so many hours is what each argument of `floor` is."""

RISES = (@RISES@)
"""How much the lowest of the last so many hours is above that of the same hours a day before is what each argument of `rise` is."""

# Curves: for each day class and hour (day * 24 + hour) the knots' Wh and their scores.
_LEVEL = (
@LEVEL@)
_FLOORS = (
@FLOOR_CURVES@)
_STEP = (
@STEP@)
_RISES = (
@RISE_CURVES@)

# The time zone: from so many seconds since 1970 on, local time is so many seconds ahead of UTC.
_SPANS_FROM = (@SPANS_FROM@)
_SPANS_OFFSET = (@SPANS_OFFSET@)
_END_S = @END_S@
_HOLIDAYS = frozenset((@HOLIDAYS@))
_MOST = @MOST@


def slot(instant):
    """The day class and the hour, in the home's zone, of milliseconds since 1970 or of a datetime with its zone; None outside 1970 to 2099."""
    if isinstance(instant, datetime):
        if instant.tzinfo is None:
            raise ValueError("a datetime without a zone is no instant")
        instant = (instant - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
    if instant is None or not 0 <= instant < _END_S * 1000:
        return None
    instant_s = int(instant // 1000)
    local = instant_s + _SPANS_OFFSET[bisect_right(_SPANS_FROM, instant_s) - 1]
    date, second = divmod(local, 86400)
    return @DAY_RULE@, second // 3600


def score(day, hour, wh):
    """The score of a reading of so many Wh by itself; None where there is no such day or hour, or Wh is no reading."""
    wh = _reading(wh)
    if wh is None or day not in range(len(DAY_CLASSES)) or hour not in range(24):
        return None
    return _curve(_LEVEL[int(day) * 24 + int(hour)], wh)


def score_hour(hour, wh):
    """The lowest score over all day classes: above 1.0 on any day."""
    scores = [score(day, hour, wh) for day in range(len(DAY_CLASSES))]
    return None if None in scores else min(scores)


def score_at(instant, wh):
    """The score of a reading by itself, by the instant its hour starts (see `slot`)."""
    place = slot(instant)
    return None if place is None else score(*place, wh)


def floor(day, hour, *lows):
    """The highest score of the floors; `lows` are as in `FLOORS`, None what is not known."""
    return _highest(_FLOORS, day, hour, lows)


def step(day, hour, step_wh):
    """The score of a reading that is so many Wh above that of the hour before."""
    return _highest((_STEP,) if _STEP else (), day, hour, (step_wh,))


def rise(day, hour, *rises):
    """The highest score of the rises; `rises` are as in `RISES`, None what is not known."""
    return _highest(_RISES, day, hour, rises)


Scored = namedtuple("Scored", "score level floor step rise")
"""What alerts when `score`, the largest of the others, is above 1.0; None is what the hours before are needed for and are not known."""


class Recent:
    """The last hours of one meter, which is all the state there is."""

    def __init__(self):
        self._newest_ms = None
        self._wh = []

    def push(self, start_ms, wh):
        """The scores of the next reading, of the hour that starts so many milliseconds after 1970; None where it has none, and then it is not taken."""
        level, place = score_at(start_ms, wh), slot(start_ms)
        if level is None:
            return None
        follows = self._newest_ms is not None and start_ms - self._newest_ms == 3600000
        known = self._wh = [float(wh)] + (self._wh[: @KEPT@ - 1] if follows else [])
        self._newest_ms = start_ms

        def low(hours, before=0):
            return min(known[before : before + hours]) if len(known) >= before + hours else None

        def above(now, before):
            return None if before is None else max(now - before, 0.0)

        of_floors = floor(*place, *(low(hours) for hours in FLOORS))
        of_step = step(*place, above(known[0], low(1, 1)))
        of_rises = rise(*place, *(above(low(hours), low(hours, 24)) for hours in RISES))
        scores = [level, of_floors, of_step, of_rises]
        return Scored(max(one for one in scores if one is not None), *scores)


def score_array(days, hours, wh):
    """The scores of columns of day, hour and Wh, as a NumPy array, NaN where there is none."""
    import numpy

    days, hours, wh = (numpy.asarray(column, dtype=float) for column in (days, hours, wh))
    scores = numpy.full(wh.shape, numpy.nan)
    reading = (wh >= 0) & numpy.isfinite(wh)
    for cell, (knots, values) in enumerate(_LEVEL):
        rows = reading & (days == cell // 24) & (hours == cell % 24)
        if rows.any():
            knots, values = numpy.array(knots), numpy.array(values)
            x = wh[rows]
            right = numpy.searchsorted(knots, x, side="right").clip(1, len(knots) - 1)
            w0, w1, s0, s1 = knots[right - 1], knots[right], values[right - 1], values[right]
            with numpy.errstate(over="ignore"):
                line = s0 + (x - w0) * (s1 - s0) / (w1 - w0)
            scores[rows] = numpy.minimum(line, numpy.where(right < len(knots) - 1, s1, _MOST))
    return scores


def _reading(wh):
    if wh is None:
        return None
    try:
        wh = float(wh)
    except OverflowError:
        return None
    return wh if 0.0 <= wh <= _MOST else None


def _curve(curve, x):
    wh, scores = curve
    right = min(max(bisect_right(wh, x), 1), len(wh) - 1)
    line = scores[right - 1] + (x - wh[right - 1]) * (scores[right] - scores[right - 1]) / (wh[right] - wh[right - 1])
    return min(line, scores[right] if right < len(wh) - 1 else _MOST)


def _highest(sets, day, hour, values):
    if day not in range(len(DAY_CLASSES)) or hour not in range(24):
        return None
    if sets and len(values) != len(sets):
        raise TypeError(f"{len(sets)} numbers are expected after day and hour, not {len(values)}")
    scores = [_curve(curves[int(day) * 24 + int(hour)], wh) for curves, wh in zip(sets, map(_reading, values)) if wh is not None]
    return max(scores, default=None)


def _day_of_month(date):
    of_era = (date + 719468) % 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    return of_year - (153 * ((5 * of_year + 2) // 153) + 2) // 5 + 1
