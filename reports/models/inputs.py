"""What a model sees of an hour, as columns: from the timestamps of a file (the home's clock) and their Wh."""
import math
from datetime import datetime


def clock(stamps):
    return [datetime.fromisoformat(stamp.replace("Z", "+00:00")) for stamp in stamps]


def talk(stamps, wh):
    """As in the talk: day of the month and hour, as categories, and Wh."""
    at = clock(stamps)
    return {"day": [f"d{t.day}" for t in at], "hour": [f"h{t.hour}" for t in at], "wh": list(map(float, wh))}


def weekday(stamps, wh):
    """The talk's, but with the day of the week, which homes heed."""
    return talk(stamps, wh) | {"day": [f"{t:%a}" for t in clock(stamps)]}


def sines(stamps, wh):
    """Hour and day of the week as points on circles, and log(Wh + 50)."""
    at = clock(stamps)
    hour, day = [math.tau * t.hour / 24 for t in at], [math.tau * t.weekday() / 7 for t in at]
    return {
        "hour_sine": list(map(math.sin, hour)),
        "hour_cosine": list(map(math.cos, hour)),
        "weekday_sine": list(map(math.sin, day)),
        "weekday_cosine": list(map(math.cos, day)),
        "log_wh": [math.log(x + 50) for x in wh],
    }


INPUTS = {"talk": talk, "weekday": weekday, "sines": sines}
