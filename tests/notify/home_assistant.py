"""What a test asks of Home Assistant: home_assistant.py COMMAND ARGUMENTS...

    state ENTITY                   prints its state
    wait ENTITY VALUE [SECONDS]    until it has that state
    attribute ENTITY NAME          prints an attribute; a part of it after dots, as in `data.title`; JSON if it is no text
    listen ENTITY FILE             a JSON line for each change of its state or attributes: when it was seen, what is said
    calls FILE                     a JSON line for each service that is called: when it was seen, which, with what
    post PATH JSON                 such as services/tts/speak or events/knowatt_alert; prints the answer
    mqtt HOST PORT                 adds the MQTT integration
    owner, ready                   for home_assistant.sh: prints a token for one who has just moved in; waits for the entities

Its address and the token are in HOME_ASSISTANT and HOME_ASSISTANT_TOKEN. `listen`, `calls` and `owner` need aiohttp, as in Home
Assistant's own environment. Home Assistant tells of no change when the same is said twice: `calls` has both.
"""

import asyncio
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ADDRESS = os.environ.get("HOME_ASSISTANT", "")
TOKEN = os.environ.get("HOME_ASSISTANT_TOKEN", "")
ENTITIES = {"media_player.bedroom", "tts.lab", "sensor.knowatt_alert", "sensor.phone"}
SERVICES = {"tts.google_say", "tts.speak", "notify.phone", "media_player.play_media"}


def spoken(media_content_id):
    """The message in what a player is told to play: media-source://tts/ENGINE?message=MESSAGE&..."""
    address = urllib.parse.urlsplit(media_content_id or "")
    if (address.scheme, address.netloc) != ("media-source", "tts"):
        return None
    return urllib.parse.parse_qs(address.query).get("message", [None])[0]


def ask(path, body=None):
    """The answer to a GET, or to a POST if there is a body."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{ADDRESS}/api/{path}", data, headers), timeout=10) as answer:
        return json.load(answer)


def entity(name):
    try:
        return ask(f"states/{name}")
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return {"state": None, "attributes": {}}
        raise


def until(what, true, seconds):
    end = time.monotonic() + float(seconds)
    while not true():
        if time.monotonic() > end:
            sys.exit(f"after {seconds} s, {what()}")
        time.sleep(0.05)


def state(name):
    print(entity(name)["state"])


def wait(name, value, seconds="30"):
    until(lambda: f"{name} is {entity(name)['state']} and not {value}", lambda: entity(name)["state"] == value, seconds)


def attribute(name, path):
    value = entity(name)["attributes"]
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def post(path, body):
    print(json.dumps(ask(path, json.loads(body)), ensure_ascii=False))


async def talk(token, message, take):
    """Sends one message over the websocket, and hands over what comes until `take` gives something or Home Assistant ends."""
    import aiohttp

    async with aiohttp.ClientSession() as session, session.ws_connect(f"{ADDRESS}/api/websocket") as socket:
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": token})
        await socket.receive_json()
        await socket.send_json({"id": 1, **message})
        async for message in socket:
            if (taken := take(message.json())) is not None:
                return taken


def record(kind, path, line):
    """Writes what `line` makes of each event. The file is there as soon as nothing is missed any more."""
    with open(path + ".new", "w") as file:

        def take(message):
            if message["type"] == "result":
                os.rename(path + ".new", path)
            elif found := line(message["event"]["data"]):
                file.write(json.dumps({"at": time.time(), **found}, ensure_ascii=False) + "\n")
                file.flush()

        asyncio.run(talk(TOKEN, {"type": "subscribe_events", "event_type": kind}, take))


def listen(name, path):
    def line(data):
        if data["entity_id"] == name and (new := data["new_state"]):
            played = new["attributes"].get("media_content_id")
            return {"state": new["state"], "media_content_id": played, "message": spoken(played), "attributes": new["attributes"]}

    record("state_changed", path, line)


def calls(path):
    record("call_service", path, lambda data: {"service": f"{data['domain']}.{data['service']}", "data": data["service_data"]})


def mqtt(host, port):
    flow = ask("config/config_entries/flow", {"handler": "mqtt"})["flow_id"]
    made = ask(f"config/config_entries/flow/{flow}", {"broker": host, "port": int(port)})
    if made["type"] != "create_entry":
        sys.exit(f"no MQTT: {made}")


def owner():
    client = ADDRESS + "/"
    person = {"client_id": client, "name": "lab", "username": "lab", "password": "of the lab", "language": "en"}
    code = ask("onboarding/users", person)["auth_code"]
    form = urllib.parse.urlencode({"grant_type": "authorization_code", "code": code, "client_id": client}).encode()
    with urllib.request.urlopen(ADDRESS + "/auth/token", form) as answer:
        access = json.load(answer)["access_token"]
    wanted = {"type": "auth/long_lived_access_token", "client_name": "lab", "lifespan": 3650}
    print(asyncio.run(talk(access, wanted, lambda message: message["result"])))


def ready():
    missing = set()

    def all_there():
        missing.clear()
        missing.update(ENTITIES - {one["entity_id"] for one in ask("states")})
        missing.update(SERVICES - {f"{one['domain']}.{name}" for one in ask("services") for name in one["services"]})
        missing.update({"RUNNING"} - {ask("config")["state"]})
        return not missing

    until(lambda: f"Home Assistant lacks {missing}", all_there, 60)


if __name__ == "__main__":
    try:
        globals()[sys.argv[1]](*sys.argv[2:])
    except urllib.error.HTTPError as error:
        sys.exit(f"{error}: {error.read().decode(errors='replace')}")
