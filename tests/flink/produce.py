"""Writes the talk's readings to a topic: Avro in Confluent's wire format, hour and kwh (which holds Wh) as floats, as the talk's
producer wrote them; the first at an instant, each of the others an hour after the one before.

    produce.py BROKER REGISTRY TOPIC FIRST_MS FILE.CSV...
"""
import csv, json, struct, sys, urllib.request

from confluent_kafka import Producer

SCHEMA = {"type": "record", "name": "myrecord", "fields": [{"name": "hour", "type": "float"}, {"name": "kwh", "type": "float"}]}


def main(broker, registry, topic, first_ms, *files):
    body = json.dumps({"schemaType": "AVRO", "schema": json.dumps(SCHEMA)}).encode()
    headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    request = urllib.request.Request(f"{registry}/subjects/{topic}-value/versions", body, headers)
    schema_id = json.load(urllib.request.urlopen(request))["id"]
    producer = Producer({"bootstrap.servers": broker})
    for number, row in enumerate(row for file in files for row in csv.DictReader(open(file))):
        value = b"\0" + struct.pack(">I", schema_id) + struct.pack("<ff", float(row["hour"]), float(row["wh"]))
        producer.produce(topic, value, timestamp=int(first_ms) + number * 3_600_000)
    if producer.flush():
        sys.exit("not all readings were written")


main(*sys.argv[1:])
