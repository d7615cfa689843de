"""Writes made-up Avro readings of three meters, one a minute, in Confluent's wire format, to a topic of three partitions.

    produce.py BROKER REGISTRY TOPIC COUNT
"""
import json, struct, sys, urllib.request

from confluent_kafka import Producer

SCHEMA = {
    "type": "record",
    "name": "Reading",
    "namespace": "home",
    "fields": [
        {"name": "meter", "type": "string"},
        {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "wh", "type": ["null", "double"]},
    ],
}
FIRST_MS = 1262304000000  # 2010-01-01


def varint(number):
    """A long as Avro writes it."""
    number = (number << 1) ^ (number >> 63)
    written = b""
    while number > 127:
        written += bytes([number & 127 | 128])
        number >>= 7
    return written + bytes([number])


def main(broker, registry, topic, count):
    body = json.dumps({"schemaType": "AVRO", "schema": json.dumps(SCHEMA)}).encode()
    headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    request = urllib.request.Request(f"{registry}/subjects/{topic}-value/versions", body, headers)
    schema_id = json.load(urllib.request.urlopen(request))["id"]
    producer = Producer({"bootstrap.servers": broker, "linger.ms": 50, "compression.type": "zstd"})
    head = b"\0" + struct.pack(">I", schema_id)
    for number in range(count):
        meter, minute = number % 3, number // 3
        key = b"meter%d" % meter
        at = FIRST_MS + minute * 60_000
        hour = minute // 60 % 24
        wh = round((2 if hour < 7 else 11) * (1 + (minute * 7919 % 1009) / 500) + meter, 2)
        value = head + varint(len(key)) + key + varint(at) + varint(1) + struct.pack("<d", wh)
        while True:
            try:
                producer.produce(topic, value, key, partition=meter, timestamp=at)
                break
            except BufferError:
                producer.poll(0.05)
        if number % 5000 == 0:
            producer.poll(0)
    if producer.flush():
        sys.exit("not all readings were written")


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
