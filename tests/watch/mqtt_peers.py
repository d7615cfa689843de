"""The peers of tests/watch/mqtt: what publishes readings, what records anomalies, and what they should be."""
import collections, csv, datetime, json, os, pathlib, sys, threading, time, zoneinfo

# So many readings are published again after the broker was away: it may have fallen before it kept them. They are
# less than a day, after which a meter's clock would be taken to have gone back.
KEPT = 60


def readings(source, table, lines):
    """Hours of Wh as a register in kWh, every quarter of an hour."""
    zone = zoneinfo.ZoneInfo("Europe/Paris")
    total = 0.0
    with open(source) as rows, open(table, "w") as as_table, open(lines, "w") as as_lines:
        as_table.write("Time,Total_kwh\n")

        def write(at, total):
            wall = at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")
            as_table.write(f"{wall},{total / 1000:.6f}\n")
            energy = {"Total": float(f"{total / 1000:.6f}"), "Power": 9}
            as_lines.write(json.dumps({"Time": wall, "ENERGY": energy}) + "\n")

        for row in csv.DictReader(rows):
            at = datetime.datetime.fromisoformat(row["timestamp"].replace("Z", "+00:00"))
            for quarter in range(4):
                write(at + datetime.timedelta(minutes=15 * quarter), total + float(row["wh"]) * quarter / 4)
            total += float(row["wh"])
        write(at + datetime.timedelta(hours=1), total)


def client(port, name="", keep=False, window=20):
    import paho.mqtt.client as mqtt
    made = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, clean_session=not keep)
    made.username_pw_set(os.environ["KNOWATT_MQTT_USER"], os.environ["KNOWATT_MQTT_PASSWORD"])
    made.reconnect_delay_set(min_delay=1, max_delay=1)
    made.max_inflight_messages_set(window)
    made.connect("127.0.0.1", int(port), keepalive=10)
    return made


def is_published(message):
    try:
        return message.is_published()
    except RuntimeError:  # the connection broke, and on_disconnect is still to come
        return False


def publish(port, topic, lines, count):
    """Publishes every line until the broker has acknowledged it; after it was away, the last of those before too."""
    lines = pathlib.Path(lines).read_text().splitlines()
    made = client(port)
    connected, was_away = threading.Event(), threading.Event()
    made.on_connect = lambda *_: connected.set()
    made.on_disconnect = lambda *_: (connected.clear(), was_away.set())
    made.loop_start()
    at = furthest = 0
    while at < len(lines):
        connected.wait()
        if was_away.is_set():
            was_away.clear()
            at = max(0, furthest - KEPT)
        batch = [made.publish(topic, line, qos=1) for line in lines[at : at + 20]]
        for message in batch:
            while not was_away.is_set() and not is_published(message):
                time.sleep(0.002)
        if not was_away.is_set():
            at += len(batch)
            furthest = max(at, furthest)
            pathlib.Path(count + ".new").write_text(str(at))
            os.replace(count + ".new", count)
            time.sleep(0.05)
    made.disconnect()


def record(port, name, path):
    """Writes what is published under that name; what the broker sends again is the same message."""
    made = client(port, "recorder-" + name, keep=True)
    last = collections.deque(maxlen=1000)
    with open(path + ".new", "w") as file:
        def on_message(_client, _data, message):
            known = (message.mid, message.payload)
            if message.dup and known in last:
                return
            last.append(known)
            file.write(json.dumps([message.topic, message.payload.decode(errors="replace")]) + "\n")
            file.flush()
        made.on_message = on_message
        made.on_connect = lambda *_: made.subscribe(name + "/#", qos=1)
        made.on_subscribe = lambda *_: os.path.exists(path) or os.link(path + ".new", path)
        made.loop_forever()


def came_to(topic_end, path):
    return [json.loads(text) for topic, text in map(json.loads, open(path)) if topic.endswith(topic_end)]


def compare_scores(scored, path, at_least_once):
    """Whether the scores are those of every hour, each once, and those of open hours no more than one a minute."""
    expected = {row["timestamp"]: (float(row["wh"]), float(row["score"])) for row in csv.DictReader(open(scored))}
    came = came_to("/score", path)
    ended = [one for one in came if one["kind"] not in ("open", "early")]
    found = {one["timestamp"]: (one["wh"], one["score"]) for one in ended}
    # The readings are a quarter of an hour apart, so an open hour has at most three.
    open_hours = collections.Counter(one["timestamp"] for one in came if one["kind"] == "open")
    often = [at for at, count in open_hours.items() if count > 3]
    wrong = {at for at in expected.keys() | found.keys() if expected.get(at) != found.get(at)}
    said = f"{len(found)} of {len(expected)} scores, {sum(open_hours.values())} of open hours"
    if wrong or not open_hours or (not at_least_once and (len(ended) > len(found) or often)):
        sys.exit(f"{said}; wrong: {[(at, expected.get(at), found.get(at)) for at in sorted(wrong)][:5]}, twice: {len(ended) - len(found)}, too often: {often[:5]}")
    return said


def compare(scored, path, at_least_once=""):
    """Whether the anomalies are those that were scored above 1.0, each once."""
    expected = {
        row["timestamp"]: (float(row["wh"]), float(row["score"]))
        for row in csv.DictReader(open(scored))
        if float(row["score"]) > 1
    }
    came = came_to("/anomaly", path)
    found = {one["timestamp"]: (one["wh"], one["score"]) for one in came if one["kind"] != "early"}
    times = collections.Counter((one["alert_id"], one["kind"] == "early") for one in came)
    twice = [key for key, count in times.items() if count > 1]
    early = {one["timestamp"] for one in came if one["kind"] == "early"}
    wrong = {at for at in expected.keys() | found.keys() if expected.get(at) != found.get(at)}
    said = f"{len(found)} of {len(expected)} anomalies, {len(early)} of them early too, {len(twice)} twice"
    if wrong or early - expected.keys() or (twice and at_least_once != "at-least-once") or not expected:
        sys.exit(f"{said}; wrong: {[(at, expected.get(at), found.get(at)) for at in sorted(wrong)][:5]}, early: {sorted(early - expected.keys())[:5]}, twice: {twice[:5]}")
    print(f"{pathlib.Path(path).stem}: {said}; {compare_scores(scored, path, at_least_once)}")


def done(made, messages):
    for message in messages:
        message.wait_for_publish(30)
    made.disconnect()


def retain(port, count):
    """Old values of many devices."""
    made = client(port, window=0)
    made.loop_start()
    total = json.dumps({"Time": "2007-11-30T12:00:00", "ENERGY": {"Total": 1.0}})
    done(made, [made.publish(f"tele/old-{at}/SENSOR", total, qos=1, retain=True) for at in range(int(count))])


def flood(port, count):
    """Devices without a meter, a payload that is too long, and bytes that are no text."""
    made = client(port, window=0)
    made.loop_start()
    temperature = json.dumps({"Time": "2024-01-01T00:00:00", "DS18B20": {"Temperature": 20.4}})
    messages = [made.publish(f"tele/sensor-{at % 100}/SENSOR", temperature, qos=at % 2) for at in range(int(count))]
    messages.append(made.publish("tele/long/SENSOR", "1" * (300 << 10), qos=1))
    messages.append(made.publish("tele/bytes/SENSOR", b"\xff\xfe\x00", qos=1))
    done(made, messages)


def letters(path):
    """Whether what could not be read was kept."""
    came = [json.loads(text) for topic, text in map(json.loads, open(path)) if topic.endswith("/dead-letter")]
    reasons = sorted(letter["reason"] for letter in came)
    print(f"{len(came)} dead letters: {[reason[:60] for reason in reasons[:4]]}")
    if len(came) != 2 or not any("307200 bytes" in reason for reason in reasons) or "fffe00" not in [letter.get("value_hex") for letter in came]:
        sys.exit("they should be the long one and the bytes")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
