"""What the script `measure` beside this one expects on topics, and a meter's P1 port.

    measure.py COMMAND ARGUMENTS...
"""
import json, socket, struct, sys, time, urllib.request

from confluent_kafka import Consumer, TopicPartition

# Longer than anything takes: what has not come by then does not come.
PATIENCE_S = 90
FIRST_MS = 1704067200000


class Bytes:
    """Avro's binary encoding, read from its specification."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        return self.data[self.at - count : self.at]

    def long(self):
        number, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number >> 1 ^ -(number & 1)

    def value(self, schema):
        kind = schema["type"] if isinstance(schema, dict) else schema
        if isinstance(kind, list) or isinstance(schema, list):
            return self.value((schema if isinstance(schema, list) else kind)[self.long()])
        if kind == "record":
            return {field["name"]: self.value(field["type"]) for field in schema["fields"]}
        if kind == "null":
            return None
        if kind in ("int", "long"):
            return self.long()
        if kind == "double":
            return struct.unpack("<d", self.take(8))[0]
        if kind == "string":
            return self.take(self.long()).decode()
        raise ValueError(schema)


class Topic:
    def __init__(self, broker, registry, name):
        self.name, self.registry, self.schemas = name, registry, {}
        self.consumer = Consumer({"bootstrap.servers": broker, "group.id": "check", "enable.auto.commit": False})
        partitions = self.consumer.list_topics(name, 10).topics[name].partitions
        self.consumer.assign([TopicPartition(name, p, 0) for p in partitions])

    def schema(self, number):
        if number not in self.schemas:
            answer = json.load(urllib.request.urlopen(f"{self.registry}/schemas/ids/{number}"))
            self.schemas[number] = json.loads(answer["schema"])
        return self.schemas[number]

    def next(self, patience_s):
        """The next record's value, held to its key and its time; none if there is no more."""
        message = self.consumer.poll(patience_s)
        if message is None:
            return None
        assert not message.error(), message.error()
        value = message.value()
        if value[0] == 0:
            data = Bytes(value[5:])
            value = data.value(self.schema(struct.unpack(">I", value[1:5])[0]))
            assert data.at == len(data.data), value
        else:
            value = json.loads(value)
        assert message.timestamp()[1] == value["timestamp"], (message.timestamp(), value)
        assert (message.key() or b"").decode() == value["meter"], (message.key(), value)
        return value


def numbers(broker, registry, topic, count, *meters):
    """Each meter's readings 0, 1, 2, …, each for the first time in order."""
    count = int(count)
    topic, expected, repeated = Topic(broker, registry, topic), dict.fromkeys(meters, 0), 0
    until = time.time() + PATIENCE_S
    while True:
        is_whole = all(number == count for number in expected.values())
        value = topic.next(1)
        if value is None:
            if is_whole:
                break
            if time.time() > until:
                sys.exit(f"{topic.name}: not all of {count} have come: {expected}")
            continue
        meter, number = value["meter"], (value["timestamp"] - FIRST_MS) // (60000 if "power_w" in value else 1000)
        if "power_w" in value:
            assert value["power_w"] == number, value
        if number > expected[meter]:
            sys.exit(f"{topic.name}: {meter}: {number} came where {expected[meter]} should have")
        repeated += number < expected[meter]
        expected[meter] = max(expected[meter], number + 1)
    if repeated:
        print(f"          {repeated} of {count * len(meters)} came again")


def schema(broker, registry, topic, fields):
    versions = json.load(urllib.request.urlopen(f"{registry}/subjects/{topic}-value/versions"))
    for version in versions:
        found = json.load(urllib.request.urlopen(f"{registry}/subjects/{topic}-value/versions/{version}"))
        names = [field["name"] for field in json.loads(found["schema"])["fields"]]
        if names == fields.split(","):
            return
    sys.exit(f"the registry has no schema of {fields} for {topic}")


def registers(broker, registry, topic, count):
    """A telegram each ten seconds, a Wh more in each."""
    topic, until = Topic(broker, registry, topic), time.time() + PATIENCE_S
    for number in range(int(count)):
        value = None
        while value is None and time.time() < until:
            value = topic.next(1)
        expected = (1706724000000 + 10000 * number, 3000000 + number)
        if value is None or (value["timestamp"], value["register_wh"]) != expected:
            sys.exit(f"{topic.name}: {value} came as number {number}, not {expected}")
        assert value["meter"], value


def hours(broker, registry, topic):
    topic, number = Topic(broker, registry, topic), 0
    while (value := topic.next(2)) is not None:
        expected = {"timestamp": FIRST_MS + 3600000 * number, "meter": "home", "hour": 11 + number}
        expected["kwh"] = expected["wh"] = 29.5 + 60 * number
        assert value == expected, (value, expected)
        number += 1
    assert number == 5, number


def telegram(number):
    at = 19 * 3600 + 10 * number
    body = (
        "/ISK5\\2M550T-1012\r\n\r\n1-3:0.2.8(50)\r\n"
        f"0-0:1.0.0(240131{at // 3600:02}{at // 60 % 60:02}{at % 60:02}W)\r\n0-0:96.1.1(4530303331)\r\n"
        f"1-0:1.8.1({1000 + number / 1000:010.3f}*kWh)\r\n1-0:1.8.2(002000.000*kWh)\r\n"
        "1-0:2.8.1(000000.000*kWh)\r\n1-0:2.8.2(000000.000*kWh)\r\n1-0:1.7.0(00.400*kW)\r\n!"
    )
    crc = 0
    for byte in body.encode():
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return f"{body}{crc:04X}\r\n".encode()


def telegrams(port, count):
    """Listens at a port, and gives telegrams to whoever comes; then it is silent."""
    listener = socket.create_server(("127.0.0.1", int(port)))
    peer, _ = listener.accept()
    for number in range(int(count)):
        peer.sendall(telegram(number))
        time.sleep(0.02)
    time.sleep(PATIENCE_S)


commands = {command.__name__: command for command in (numbers, schema, registers, hours, telegrams)}
commands[sys.argv[1]](*sys.argv[2:])
