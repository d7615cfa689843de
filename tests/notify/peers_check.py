"""Whether the servers of servers.py do what they should: peers_check.py FOLDER well|flaky"""

import collections
import concurrent.futures
import http.client
import json
import pathlib
import smtplib
import ssl
import sys
import time
import urllib.parse
from email.message import EmailMessage

folder = pathlib.Path(sys.argv[1])
to = json.loads((folder / "addresses.json").read_text())
BULLET, BEARER = {"Access-Token": to["token"]}, {"Authorization": "Bearer " + to["token"]}


def ask(name, method, path, body=None, headers={}, timeout=10):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(to[name]).netloc, timeout=timeout)
    try:
        connection.request(method, path, body if body is None or isinstance(body, str) else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()), answer.headers
    finally:
        connection.close()


def push(body, **headers):
    return ask("pushbullet", "POST", "/v2/pushes", body, BULLET | headers)


def publish(body, headers=BEARER):
    return ask("ntfy", "POST", "/", body, headers)


def lines(name):
    path = folder / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def same(found, expected):
    assert found == expected, f"{found} is not {expected}"


def keys(name, count, repeats):
    same((len(lines(name)), len(lines(name + "-repeats"))), (count, repeats))


def refused(kind, call, *parts):
    try:
        call(*parts)
    except kind as error:
        return error
    raise AssertionError("not refused")


def send(server, subject, number):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "a@example.org", "b@example.org", subject, f"<{number}@lab>"
    mail.set_content("Grüße\n")
    server.send_message(mail)


def to_smtp(name="smtp"):
    return smtplib.SMTP(*to[name].split(":"), timeout=10)


def well():
    """Every answer, in order; only for servers that nobody has asked yet."""
    note = {"type": "note", "title": "Grüße", "body": "of the meter", "guid": "one"}
    status, first, headers = push(note)
    same((status, first["title"], headers["X-Ratelimit-Limit"]), (200, "Grüße", "32768"))
    same(push(note)[1]["iden"], first["iden"])
    same(push({**note, "guid": "two", "device_iden": "phone"})[1]["iden"] != first["iden"], True)
    for wrong in ({"type": "note"}, {**note, "device_iden": "a", "email": "b"}, "{", "[]"):
        same(push(wrong)[0], 400)
    same(push(note, **{"Access-Token": "x"})[0], 401)
    same(ask("pushbullet", "GET", "/v2/users/me", headers=BULLET)[1]["name"], "Home")
    keys("pushbullet", 2, 1)
    ask("ntfy", "POST", "/control", {"pushbullet": {"status": 429, "retry_after": 2, "times": 2}, "webhook": {"status": "cut"}})
    status, error, headers = push(note)
    same((status, error["error"]["code"]), (429, "ratelimited"))
    assert 1 < int(headers["X-Ratelimit-Reset"]) - time.time() <= 3
    same([push(note)[0], push(note)[0]], [429, 200])

    message = {"topic": "home", "title": "Grüße", "message": "of the meter", "priority": 5, "tags": ["zap"], "sequence_id": "one"}
    status, answer, _ = publish(message)
    same((status, answer | message), (200, answer))
    assert publish(message)[1]["id"] != answer["id"]
    for status, code, headers, change in (
        (403, 40301, {}, {}),
        (403, 40301, BEARER, {"topic": "others"}),
        (401, 40101, {"Authorization": "Bearer x"}, {}),
        (400, 40009, BEARER, {"topic": "a b"}),
        (400, 40007, BEARER, {"priority": 6}),
        (400, 40049, BEARER, {"sequence_id": "a:b"}),
        (413, 41303, BEARER, {"message": "x" * 9000}),
    ):
        status_found, error, _ = publish({**message, **change}, headers)
        same((status_found, error["code"], error["http"]), (status, code, status))
    keys("ntfy", 1, 1)

    refused((ConnectionError, http.client.HTTPException), ask, "webhook", "POST", "/hook", {})
    for method, body, headers in (("POST", {"a": 1}, {"Idempotency-Key": "one"}), ("PUT", "text", {"Idempotency-Key": "one"}), ("POST", "", {})):
        same(ask("webhook", method, "/hook", body, headers)[0], 200)
    same(ask("webhook", "POST", "/other", "")[0], 404)
    keys("webhook", 2, 1)
    same(lines("webhook")[0]["content"]["body"], {"a": 1})

    with to_smtp("smtp_plain") as server:
        send(server, "Grüße ⚡", 1)
        send(server, "Grüße ⚡", 1)
    trusted = ssl.create_default_context(cafile=to["smtp_ca"])
    with to_smtp() as server:
        refused(smtplib.SMTPSenderRefused, send, server, "no TLS", 2)
        server.starttls(context=trusted)
        refused(smtplib.SMTPAuthenticationError, server.login, to["smtp_user"], "x")
        refused(smtplib.SMTPSenderRefused, send, server, "no password", 2)
        server.login(to["smtp_user"], to["smtp_password"])
        ask("ntfy", "POST", "/control", {"smtp": {"status": 451}})
        same(refused(smtplib.SMTPDataError, send, server, "later", 2).smtp_code, 451)
        send(server, "with TLS", 2)
    with smtplib.SMTP_SSL(*to["smtps"].split(":"), timeout=10, context=trusted) as server:
        server.login(to["smtp_user"], to["smtp_password"])
        send(server, "TLS at once", 3)
    keys("smtp", 3, 1)
    found = [tuple(one["content"][part] for part in ("Subject", "text", "tls")) for one in lines("smtp")]
    same(found, [("Grüße ⚡", "Grüße\n", False), ("with TLS", "Grüße\n", True), ("TLS at once", "Grüße\n", True)])


def flaky():
    """Each is sent until it is taken: all come, and some of them again."""
    for name, send_one in (
        ("pushbullet", lambda key: push({"type": "note", "body": "x", "guid": key})),
        ("ntfy", lambda key: publish({"topic": "home", "sequence_id": key})),
        ("webhook", lambda key: ask("webhook", "POST", "/hook", "x", {"Idempotency-Key": key})),
        ("smtp", mailed),
    ):
        ends = collections.Counter()

        def until_taken(key):
            end = None
            while end != 200:
                try:
                    end = send_one(key)[0]
                except (OSError, ValueError, http.client.HTTPException, smtplib.SMTPException) as error:
                    end = getattr(error, "smtp_code", type(error).__name__)
                ends[end] += 1

        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            list(pool.map(until_taken, map(str, range(100))))
        print(f"{name}: {dict(ends)}, {len(lines(name + '-repeats'))} came again")
        same(sorted(int(one["key"].strip("<>@lab")) for one in lines(name)), list(range(100)))


def mailed(key):
    with to_smtp("smtp_plain") as server:
        send(server, "x", key)
    return (200,)


globals()[sys.argv[2]]()
