"""What the script beside this one writes to topics, and what it expects to find there.

    kafka.py COMMAND ARGUMENTS...
"""
import csv, json, math, random, struct, sys, time, urllib.request

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

# Longer than anything takes: what has not come by then does not come.
PATIENCE_S = 120


def register(registry, subject, schema):
    body = json.dumps({"schemaType": "AVRO", "schema": json.dumps(schema)}).encode()
    headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    request = urllib.request.Request(f"{registry}/subjects/{subject}/versions", body, headers)
    return json.load(urllib.request.urlopen(request))["id"]


def partitions(client, topic):
    return sorted(client.list_topics(topic, 10).topics[topic].partitions)


def lag(broker, group, topic):
    """Of each partition, how much is not committed."""
    consumer = Consumer({"bootstrap.servers": broker, "group.id": "lag", "isolation.level": "read_committed"})
    ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), 10) for p in partitions(consumer, topic)}
    admin = AdminClient({"bootstrap.servers": broker, "log_level": 0})
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, p) for p in ends])
    committed = admin.list_consumer_group_offsets([asked])[group].result().topic_partitions
    consumer.close()
    return {c.partition: ends[c.partition][1] - max(c.offset, 0) for c in committed}


def caught_up(broker, group, topic):
    until = time.time() + PATIENCE_S
    left = None
    while time.time() < until:
        try:
            left = lag(broker, group, topic)
            if not any(left.values()):
                return
        except KafkaException as error:  # A coordinator that has just begun.
            left = error
        time.sleep(0.2)
    sys.exit(f"{group} has not read all of {topic}: {left}")


def records(broker, topic):
    """All that is in a topic, of transactions that were committed."""
    consumer = Consumer({"bootstrap.servers": broker, "group.id": "records", "isolation.level": "read_committed",
                         "auto.offset.reset": "earliest", "enable.auto.commit": False, "enable.partition.eof": True})
    left = set(partitions(consumer, topic))
    consumer.assign([TopicPartition(topic, p, 0) for p in left])
    found = []
    while left:
        message = consumer.poll(30)
        if message is None:
            sys.exit(f"{topic}: nothing more, and no end")
        if message.error():
            assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
            left.discard(message.partition())
        else:
            found.append(message)
    consumer.close()
    return found


def talk(broker, topic, folder, first_ms, avro):
    rows = lambda name: list(csv.DictReader(open(f"{folder}/{name}.csv")))
    bounds = {int(row["hour"]): (float(row["min_wh"]), float(row["max_wh"])) for row in rows("envelope")}
    expected = []
    for number, row in enumerate(rows("day") + rows("matrix")):
        hour, wh = int(row["hour"]), float(row["wh"])
        low, high = bounds[hour]
        score = (wh - low) / (high - low)
        if score > 1.0:
            expected.append((int(first_ms) + number * 3_600_000, hour, wh, score, low, high, "level"))
            assert row.get("score") == f"{score:.4f}", row
    fields = ["EVENT_TS", "HOUR", "KWH", "FN", "expected_low_wh", "expected_high_wh", "kind"]
    json_values = [json.loads(message.value()) for message in records(broker, topic)]
    avro_values = [json.loads(line) for line in open(avro)]
    for values in json_values, avro_values:
        found = [tuple(value[field] for field in fields) for value in values]
        assert found == expected, (found, expected)
    assert [(value["HOUR"], value["KWH"]) for value in json_values] == [(4, 1500), (4, 3000), (9, 3000)], json_values
    for one, other in zip(json_values, avro_values):
        assert {**one, "timestamp": None} == {**other, "timestamp": None}, (one, other)
        assert one.keys() == other.keys()
    print("the talk's day:", [(value["HOUR"], value["KWH"], round(value["FN"], 4)) for value in json_values])


# What cannot be read, each last in its partition, and what is said of it.
def poisons(right_id, other_id):
    head = lambda number: b"\0" + struct.pack(">I", number)
    return [
        (b"truncated", head(right_id) + b"\0\0", "not a value of Avro schema"),
        (b"unknown", head(987654) + struct.pack("<ff", 4, 3000), "the registry has no schemas/ids/987654"),
        (b"other", head(other_id) + struct.pack("<d", 1.5), "no column is known as the value"),
        (None, head(right_id) + struct.pack("<ff", 4, math.nan), "is not a finite number"),
    ]


def poison(broker, registry, topic):
    field = lambda name, of: {"name": name, "type": of}
    right = {"type": "record", "name": "R", "fields": [field("hour", "float"), field("wh", "float")]}
    other = {"type": "record", "name": "O", "fields": [field("usage", "double")]}
    ids = register(registry, f"{topic}-value", right), register(registry, f"{topic}-other", other)
    producer = Producer({"bootstrap.servers": broker})
    for partition, (key, value, _) in enumerate(poisons(*ids)):
        for hour in range(24):
            good = b"\0" + struct.pack(">I", ids[0]) + struct.pack("<ff", hour, 200)
            producer.produce(topic, good, b"good", partition=partition, timestamp=1536328800000 + hour * 3_600_000)
        producer.produce(topic, value, key, partition=partition, timestamp=1536415200000)
    assert producer.flush() == 0


def poisoned(broker, topic, dead_letters):
    found = sorted(records(broker, dead_letters), key=lambda message: dict(message.headers())["__knowatt.errors.partition"])
    assert len(found) == 4, [message.headers() for message in found]
    source = {(message.partition(), message.offset()): message for message in records(broker, topic)}
    for partition, message in enumerate(found):
        headers = {name: value.decode() for name, value in message.headers()}
        reason = headers.pop("__knowatt.errors.reason")
        assert headers == {
            "__knowatt.errors.topic": topic,
            "__knowatt.errors.partition": str(partition),
            "__knowatt.errors.offset": "24",
            "__knowatt.errors.timestamp": "1536415200000",
        }, headers
        of = source[partition, 24]
        assert (message.key(), message.value()) == (of.key(), of.value()), partition
        said = poisons(0, 0)[partition][2]
        assert said in reason, (said, reason)
        print(f"dead letter: {reason}")


def readings(pattern, seed, folder):
    """A file for each of 100 meters with 1000 hours like those of a home, among them hours and stretches that are not."""
    rng = random.Random(int(seed))
    home = [float(row["wh"]) for row in csv.DictReader(open(pattern))]
    for meter in range(100):
        left_on = -1
        with open(f"{folder}/m{meter:02}.csv", "w") as file:
            file.write("id,timestamp,wh\n")
            for hour in range(1000):
                start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1188597600 + hour * 3600))
                wh = home[(hour + 24 * 7 * (meter % 6)) % len(home)] * rng.uniform(0.8, 1.1)
                if rng.random() < 0.002:
                    left_on = hour + rng.randrange(30)
                if left_on >= hour:
                    wh += 900
                if rng.random() < 0.004:
                    wh += rng.uniform(1000, 6000)
                file.write(f"{hour * 100 + meter},{start},{wh:.3f}\n")


def rows(folder, meters):
    """Of the first meters, an hour of all of them after the other."""
    files = [csv.DictReader(open(f"{folder}/m{meter:02}.csv")) for meter in range(int(meters))]
    return [(f"m{meter:02}", row) for hour in zip(*files) for meter, row in enumerate(hour)]


def feed(broker, folder, topic, meters, seconds):
    """Writes the readings of the first meters, evenly over so many seconds or longer."""
    given = rows(folder, meters)
    producer = Producer({"bootstrap.servers": broker, "enable.idempotence": True, "message.timeout.ms": 0, "log_level": 0})
    began = time.time()
    for number, (meter, row) in enumerate(given):
        value = {"id": int(row["id"]), "timestamp": row["timestamp"], "meter": meter, "wh": float(row["wh"])}
        producer.produce(topic, json.dumps(value), meter)
        if number % 100 == 0:
            producer.poll(0)
            time.sleep(max(0, began + float(seconds) * number / len(given) - time.time()))
    assert producer.flush() == 0


def found(broker, topic, scored, meters, above="1.0"):
    """That a topic holds each hour that was scored above that, once, equal to the last bit."""
    expected, kinds, more = {}, {"level": 0, "floor": 0}, []
    for meter, row in rows(scored, meters):
        if float(row["score"]) > float(above):
            numbers = [float(row[name]) for name in ("wh", "level", "score", "expected_low_wh", "expected_high_wh")]
            expected[meter, row["timestamp"]] = numbers
    for message in records(broker, topic):
        value = json.loads(message.value())
        assert message.key().decode() == value["meter"], value
        kinds[value["kind"]] += 1
        numbers = expected.pop((value["meter"], value["timestamp"]), None)
        if numbers is None:
            more.append(value)
            continue
        same = [value[name] for name in ("wh", "FN", "score", "expected_low_wh", "expected_high_wh")]
        assert same == numbers, (value, numbers)
    count = sum(kinds.values())
    assert not expected, f"{len(expected)} are missing, the first is {next(iter(expected))}"
    assert not more, f"{len(more)} are there twice, or should not be: {more[:3]}"
    assert all(kinds.values()), kinds
    print(f"{topic}: {count} hours above {above}, each once, equal to the last bit: {kinds}")


commands = {"caught-up": caught_up, "talk": talk, "poison": poison, "poisoned": poisoned, "readings": readings, "feed": feed, "found": found}
commands[sys.argv[1]](*sys.argv[2:])
