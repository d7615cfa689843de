"""What the scripts beside this one tell knowatt, and what has to come of it: check.py FOLDER COMMAND ARGUMENTS...

FOLDER is that of servers.py.
"""

import hashlib
import json
import pathlib
import random
import re
import sys
import time

folder = pathlib.Path(sys.argv[1])
PEERS = ("pushbullet", "ntfy", "webhook", "smtp")
# Four in the morning in Sydney, as in the talk.
FIRST_S = 1536343200
HOUR_S = 3600


def alert_id(meter, start_s):
    return hashlib.sha256(meter.encode() + b"\0" + (start_s * 1000).to_bytes(8, "big")).hexdigest()[:32]


def anomaly(meter, hours, score=5.4588):
    """The record of an hour, so many hours after the first."""
    start_s, hour = FIRST_S + hours * HOUR_S, (4 + hours) % 24
    wh = 1500 if score > 1 else 200
    timestamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start_s))
    record = {"EVENT_TS": start_s * 1000, "HOUR": hour, "KWH": wh, "FN": score, "timestamp": timestamp, "meter": meter, "wh": wh}
    record |= {"expected_low_wh": 108, "expected_high_wh": 363, "score": score, "kind": "level", "feature": "level", "model_id": ""}
    return record | {"alert_id": alert_id(meter, start_s)}


def lines(name):
    path = folder / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def same(found, expected, what=""):
    if found != expected:
        sys.exit(f"{what}: {found} is not {expected}")


def key(record):
    """The message's key: of mail, what its Message-ID begins with."""
    return record["key"].strip("<>").partition("@")[0]


CHANNELS = {"pushbullet": "phone", "ntfy": "topic", "webhook": "hook", "smtp": "mail"}
METERS = [f"flat-{number}" for number in range(12)]
ROUNDS = 7


def episodes(seed):
    """(meter, its first hour, how many hours it has), in order of time; of a meter one a day."""
    chance = random.Random(f"episodes {seed}")
    found = [(meter, 24 * day + chance.randrange(18), chance.randrange(1, 4)) for day in range(ROUNDS) for meter in METERS]
    return sorted(found, key=lambda episode: episode[1])


def write(seed, path):
    """Appends the episodes' hours to a file, in pieces of lines, for a minute; and at last that all is normal."""
    records = [(first + hour, anomaly(meter, first + hour)) for meter, first, hours in episodes(seed) for hour in range(hours)]
    records = [record for _, record in sorted(records, key=lambda pair: pair[0])]
    records += [anomaly(meter, 24 * ROUNDS + 24, 0.5) for meter in METERS]
    text = "".join(json.dumps(record) + "\n" for record in records).encode()
    chance, at = random.Random(f"write {seed}"), 0
    pause_s = 60 / (len(text) / 300)
    with open(path, "ab", buffering=0) as file:
        while at < len(text):
            at += file.write(text[at : at + chance.randrange(1, 600)])
            time.sleep(pause_s * chance.uniform(0, 2))


def killed(seed):
    expected, last = [], {}
    for meter, first, _ in episodes(seed):
        if meter in last:
            expected.append(last[meter] + "-end")
        last[meter] = alert_id(meter, FIRST_S + first * HOUR_S)
        expected.append(last[meter])
    expected += [last[meter] + "-end" for meter in METERS]
    for name in PEERS:
        came, again = lines(name), lines(name + "-repeats")
        found = [key(record) for record in came]
        keys = [f"{one}-{CHANNELS[name]}" for one in expected]
        same((len(set(found)), sorted(found)), (len(found), sorted(keys)), f"{name}: what came")
        same(found, keys, f"{name}: the order")
        words = {record["key"]: without_date(record) for record in came}
        for record in again:
            same(without_date(record), words[record["key"]], f"{name}: what came again")
        print(f"{name}: {len(came)} messages, {len(again)} came again under their keys")


def without_date(record):
    return {name: value for name, value in record["content"].items() if name != "Date"}


def anomalies(*given):
    """Prints records, each given as METER:HOURS."""
    for meter, _, hours in (one.partition(":") for one in given):
        print(json.dumps(anomaly(meter, int(hours))))


TALK = "Unusual power usage of 1500 Wh at 4:00. Please check!"
MORE = " Normal then is 108 to 363 Wh; this is more than 4 times the most that is normal. It is 1.3 kWh more than usual."


def hooks(method):
    """In order; the two hooks of one address have keys of their own."""
    found = [one for one in lines("webhook") if one["content"]["method"] == method]
    for one in found:
        same(one["content"]["headers"]["idempotency-key"], one["key"], "Idempotency-Key")
    return sorted(found, key=lambda one: one["at"])


def mails(name):
    domain = f"@{name}.example"
    found = [mail for mail in lines("smtp") if mail["key"].endswith(domain + ">")]
    to = ["one@example.org", "two@example.org"][: 1 if name == "plain" else 2]
    for content in (mail["content"] for mail in found):
        same((content["sent_from"], content["sent_to"]), ("knowatt" + domain, to), name)
        same(content["tls"], name != "plain", f"{name}: TLS")
    return [(key(mail), mail["content"]["Subject"], mail["content"]["text"].strip()) for mail in found]


def said(commanded, log):
    """(key, title, text) of all that each channel has said; None where it does not say that. Of some, what is spoken is the text."""
    of = {name: mails(name) for name in ("starttls", "tls", "plain")}
    pushes = [(key(one), one["content"]) for one in lines("pushbullet")]
    of["phone"] = [(key, push.pop("title"), push.pop("body")) for key, push in pushes]
    for key_of_push, push in pushes:
        same(push, {"type": "note", "guid": key_of_push, "device_iden": "kitchen-tablet"}, "phone")
    publications = [one["content"] for one in lines("ntfy")]
    of["topic"] = [(one.pop("sequence_id"), one.pop("title"), one.pop("message")) for one in publications]
    for (_, title, _), rest in zip(of["topic"], publications):
        priority = {"priority": 5} if title.startswith("Unusual") else {}
        same(rest, {"topic": "home", "tags": ["zap", "house"]} | priority, "topic")
    bodies = [one["content"]["body"] for one in hooks("POST")]
    of["hook"] = [(body["key"], body["title"], body["text"]) for body in bodies]
    for body in bodies:
        facts = body["facts"]
        same(body["event"], facts["event"], "hook")
        same((facts["wh"], facts["hour"] in (4, 5), facts["normal_high_wh"]), (1500, True, 363), "hook")
    of["template"] = []
    for put in hooks("PUT"):
        content, body = put["content"], put["content"]["body"]
        headers = {name.lower(): value for name, value in content["headers"].items()}
        same((headers["x-secret"], headers["x-plain"]), ('hook "header"  \\3c1f', "plain"), "template")
        same((content["path"], body["wh"]), ("/hook?key=hook-address-9d2e", 1500), "template")
        of["template"].append((key(put), None, body["say"]))
    ran = pathlib.Path(commanded).read_text().splitlines()
    of["command"] = [tuple(line.split("|")) for line in ran]
    logged = [line.split("WARN ")[1] for line in pathlib.Path(log).read_text().splitlines() if " WARN " in line]
    of["log"] = [(None, line.split(' title="')[1].split('" ')[0], line.split(" title=")[0]) for line in logged]
    return of


SPOKEN = ("template", "command")


def tests(commanded, log):
    """Each has said one thing, marked as a test."""
    for name, all_said in said(commanded, log).items():
        same(len(all_said), 1, f"{name}: so many messages")
        key, title, text = all_said[0]
        same(re.fullmatch(r"test-\d{13}-" + name, key or "test-0000000000000-" + name) is not None, True, f"{name}: {key}")
        same(title, title and "This is a test. Unusual power usage", name)
        same(text, "This is a test. " + TALK + MORE * (name not in SPOKEN), name)


def told(commanded, log):
    """Each has said, after the test, what is to be said of kitchen:0 garden:0 kitchen:24 kitchen:25 kitchen:48."""

    def alert(meter, hours):
        return alert_id(meter, FIRST_S + hours * HOUR_S), f"Unusual power usage: {meter}", TALK + MORE, TALK

    def end(hours, lasted, text, spoken):
        first = alert_id("kitchen", FIRST_S + hours * HOUR_S) + "-end"
        return first, "Back to normal: kitchen", text, f"Power usage of kitchen is back to normal after {spoken}."

    expected = [
        alert("kitchen", 0),
        alert("garden", 0),
        end(0, 1, "Back to normal after 1 h, 1.3 kWh more than usual.", "1 hour"),
        alert("kitchen", 24),
        end(24, 2, "Back to normal after 2 h, 2.5 kWh more than usual.", "2 hours"),
        alert("kitchen", 48),
    ]
    for name, all_said in said(commanded, log).items():
        keep = lambda shown, value: None if shown is None else value
        same(len(all_said), 7, f"{name}: so many messages")
        for found, (key, title, text, spoken) in zip(all_said[1:], expected):
            same(found, (keep(found[0], f"{key}-{name}"), keep(found[1], title), spoken if name in SPOKEN else text), name)


def not_before(at_s, wait_s, *names):
    for name in names:
        waited_s = lines(name)[-1]["at"] - float(at_s)
        if not float(wait_s) <= waited_s < float(wait_s) + 6:
            sys.exit(f"{name}: it came again after {waited_s:.2f} s")


def storming(number):
    """A meter's record; every hundredth meter is a guest's."""
    meter = f"{'home' if number % 100 != 99 else 'guest'}-{number}"
    return anomaly(meter, number % 3, 2 + number * 7919 % 10000 / 1000)


def meters(first, end):
    for number in range(int(first), int(end)):
        print(json.dumps(storming(number)))


def storm(status):
    first, rest, last = (one["content"]["body"] for one in lines("webhook"))
    homes = [record for record in map(storming, range(1, 10000)) if "home" in record["meter"]]
    listed = [record["meter"] for record in sorted(homes, key=lambda record: -record["score"])]
    same((first["event"], first["facts"]["meter"]), ("alert", "home-0"))
    same((rest["event"], rest["facts"]["count"]), ("digest", 9899))
    same(sorted(one["meter"] for one in rest["facts"]["episodes"]), sorted(listed[:20]), "the highest")
    text = rest["text"].splitlines()
    same((text[0], text[-1]), ("Since the last message there was unusual power usage 9899 times:", "- and 9879 more"))
    same((last["event"], last["facts"]["count"]), ("digest", 10))
    said = [message["text"].partition("\nThis is the last of this month's 3 messages here.")[1] != "" for message in (first, rest, last)]
    same(said, [False, False, True], "what is the last")
    at = [one["at"] for one in lines("webhook")]
    # The cooldown is that of coming into the outbox, from where they go at once.
    same(at[1] - at[0] > 4 and at[2] - at[1] > 4, True, f"the cooldown: {at}")
    hook = json.loads(pathlib.Path(status).read_text())["channels"][0]
    kept = sum(held["episodes"] for held in hook["held"])
    told = 1 + rest["facts"]["count"] + last["facts"]["count"]
    same((kept, told + kept), (110, 10020), "all of them")


def count():
    print(sum(len(lines(name)) + len(lines(name + "-repeats")) for name in PEERS))


if __name__ == "__main__":
    globals()[sys.argv[2]](*sys.argv[3:])
