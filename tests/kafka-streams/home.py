"""Puts a home's hours on a topic under the names of three meters, or holds what came out against `knowatt score`.

    home.py produce BROKER HOURS.CSV FIRST LAST    rows FIRST to before LAST
    home.py compare BROKER SCORED.CSV SECONDS      waits so long at most for all of them
"""
import csv, datetime, struct, sys, time

from confluent_kafka import Consumer, Producer

METERS = ("attic", "cellar", "kitchen")


def milliseconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def produce(broker, hours, first, last):
    producer = Producer({"bootstrap.servers": broker})
    for row in list(csv.DictReader(open(hours)))[int(first) : int(last)]:
        for meter in METERS:
            producer.produce("readings", struct.pack(">d", float(row["wh"])), meter, timestamp=milliseconds(row["timestamp"]))
        producer.poll(0)
    if producer.flush():
        sys.exit("not all readings were written")


def compare(broker, scored, seconds):
    expected = {milliseconds(row["timestamp"]): (float(row["score"]), float(row["level"])) for row in csv.DictReader(open(scored))}
    found = {meter: {} for meter in METERS}
    consumer = Consumer({"bootstrap.servers": broker, "group.id": "compare", "auto.offset.reset": "earliest", "isolation.level": "read_committed"})
    consumer.subscribe(["scores"])
    records, end = 0, time.monotonic() + float(seconds)
    while records < len(expected) * len(METERS) and time.monotonic() < end:
        record = consumer.poll(1.0)
        if record is not None and record.error() is None:
            records += 1
            found[record.key().decode()][record.timestamp()[1]] = tuple(map(float, record.value().split()))
    consumer.close()
    for meter in METERS:
        wrong = [at for at in expected if found[meter].get(at) != expected[at]]
        if wrong:
            sys.exit(f"{meter}: {len(wrong)} of {len(expected)} hours differ; at {wrong[0]} {found[meter].get(wrong[0])}, not {expected[wrong[0]]}")
    if records != len(expected) * len(METERS):
        sys.exit(f"{records} records")
    print(f"Kafka Streams: {records} scores of {len(METERS)} meters, each equal to knowatt's own to the last bit")


{"produce": produce, "compare": compare}[sys.argv[1]](*sys.argv[2:])
