"""Where alerts are sent to, on free ports of the loopback: servers.py FOLDER [--flaky SEED]

Pushbullet, ntfy, a webhook and SMTP, as their documentation says. FOLDER/addresses.json is there when all of them listen; they run
until TERM. What is accepted is a line of FOLDER/{pushbullet,ntfy,webhook,smtp}.jsonl: when (`at`), its `key`, by which the same
is known again, and its `content`. What comes with a key that came before is in FOLDER/NAME-repeats.jsonl instead. A run knows
nothing of the one before: each wants a folder of its own.

With --flaky they fail at random, by the seed. Without, they do as they are told: POST /control to any of the HTTP servers, with
{"pushbullet": {"status": 429, "retry_after": 2, "times": 3}}. A status is a number, or else one of the FAILURES below, or "echo":
400, with all that was asked in the answer.

Sources: Pushbullet's API documentation, "create-push", "errors", "ratelimiting" and "limits" (the codes of its errors are those of
answers that people have reported); ntfy's documentation, "Publishing", its sections "Publish as JSON", "Updating + deleting
notifications" and "Limitations", and the list of errors in its server.
"""

import argparse
import collections
import email
import email.policy
import http.server
import json
import math
import pathlib
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import uuid

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

USER, PASSWORD, TOKEN = "knowatt", "of the mail", "o.of-the-lab"
WAIT = 3
# Of a hundred requests, so many; the others are fine. The kept ones were accepted first.
FAILURES = {"wait": 6, "wait-kept": 6, 429: 10, 500: 10, "half": 10, "cut": 4}
FAILURES_OF_SMTP = {451: 10, "cut": 6, "cut-kept": 6}


class Peer:
    """What it is told to do, and what it has accepted."""

    def __init__(self, folder, failures, seed):
        self.name = type(self).__name__.lower()
        self.folder = folder
        self.failures = failures if seed is not None else {}
        self.random = random.Random(f"{self.name} {seed}")
        self.told = collections.deque()
        self.accepted = {}
        self.lock = threading.Lock()

    def tell(self, status, times=1, retry_after=None):
        self.told.extend([(status, retry_after)] * times)

    def fate(self):
        """A status or a failure or None, and the seconds after which it may be tried again."""
        with self.lock:
            if self.told:
                return self.told.popleft()
            at = self.random.uniform(0, 100)
            for failure, share in self.failures.items():
                at -= share
                if at < 0:
                    return failure, 1
            return None, None

    def accept(self, key, content, answer=None):
        """The answer to the first of that key."""
        with self.lock:
            repeated = key is not None and key in self.accepted
            answer = self.accepted.setdefault(key, answer) if key is not None else answer
            with open(self.folder / f"{self.name}{'-repeats' * repeated}.jsonl", "a") as file:
                file.write(json.dumps({"at": time.time(), "key": key, "content": content}, ensure_ascii=False) + "\n")
            return answer

    def headers(self, status, retry_after):
        return {"Retry-After": retry_after} if status == 429 and retry_after is not None else {}


class Pushbullet(Peer):
    ERRORS = {
        400: ("pushbullet_pro_required", "Pushbullet Pro is required to make this call."),
        401: ("invalid_access_token", "Access token is missing or invalid."),
        404: ("", "The resource could not be found."),
        429: (
            "ratelimited",
            "You have been ratelimited for performing too many requests/ops in a short period of time, check the X-Ratelimit-*"
            " headers included on this response for more information.",
        ),
    }

    def error(self, status, message=None):
        code, usual = self.ERRORS.get(status, ("", "Something went wrong."))
        kind = "invalid_request" if status < 500 else "server"
        code = "" if message else code
        return {"error": {"code": code, "type": kind, "message": message or usual, "cat": "~(=^‥^)"}, "error_code": code}

    def headers(self, status, retry_after):
        left = 0 if status == 429 else 32768 - len(self.accepted)
        reset = math.ceil(time.time() + (3600 if retry_after is None else retry_after))
        return {"X-Ratelimit-Limit": 32768, "X-Ratelimit-Remaining": left, "X-Ratelimit-Reset": reset}

    def answer(self, method, path, headers, body):
        if headers["Access-Token"] != TOKEN:
            return 401, self.error(401)
        me = {"iden": "ujpah72o0", "email": "home@example.org", "email_normalized": "home@example.org", "name": "Home"}
        if (method, path) == ("GET", "/v2/users/me"):
            return 200, {"created": 1381092887.398433, "modified": 1441054560.741007, "max_upload_size": 26214400, **me}
        if (method, path) != ("POST", "/v2/pushes"):
            return 404, self.error(404)
        try:
            asked = json.loads(body)
            wrong = [name for name, value in asked.items() if not isinstance(value, str)]
        except (ValueError, AttributeError):
            return 400, self.error(400, "Failed to parse JSON body.")
        targets = asked.keys() & {"device_iden", "email", "channel_tag", "client_iden"}
        if wrong or asked.get("type") != "note" or not asked.get("body") or len(targets) > 1:
            return 400, self.error(400, f"The push is not valid: {wrong or sorted(asked)}")
        now = time.time()
        push = {"active": True, "iden": "ujpah72o0" + uuid.uuid4().hex[:11], "created": now, "modified": now, "dismissed": False}
        push |= {"direction": "self", "sender_iden": me["iden"], "sender_email": me["email"], "receiver_iden": me["iden"]}
        # The guid of before gives the push of before.
        return 200, self.accept(asked.get("guid"), asked, push | asked)


class Ntfy(Peer):
    """A topic is the name that may be written to; nobody may write to `others`, and nobody without a token."""

    LINK = "https://ntfy.sh/docs/publish/"
    ERRORS = {
        400: (40024, "invalid request: request body must be valid JSON", ""),
        401: (40101, "unauthorized", LINK + "#authentication"),
        403: (40301, "forbidden", LINK + "#authentication"),
        404: (40401, "page not found", ""),
        413: (41303, "JSON body too large", ""),
        429: (42901, "limit reached: too many requests", LINK + "#limitations"),
        500: (50001, "internal server error", ""),
    }
    NAME = re.compile("[-_A-Za-z0-9]{1,64}")

    def error(self, status, code=None, message=None, section=""):
        usual = self.ERRORS.get(status, (status * 100 + 1, http.HTTPStatus(status).phrase.lower(), ""))
        code, message, link = (code, message, self.LINK + section) if code else usual
        return {"code": code, "http": status, "error": message} | ({"link": link} if link else {})

    def answer(self, method, path, headers, body):
        if (method, path) not in (("POST", "/"), ("PUT", "/")):
            return 404, self.error(404)
        if len(body) > 2 * 4096:
            return 413, self.error(413)
        try:
            asked = json.loads(body)
            topic, priority = asked.get("topic", ""), asked.get("priority", 3)
            sequence = asked.get("sequence_id") or headers["X-Sequence-ID"]
        except (ValueError, AttributeError):
            return 400, self.error(400, 40017, "invalid request: request body must be message JSON", "#publish-as-json")
        if not self.NAME.fullmatch(topic):
            return 400, self.error(400, 40009, "invalid request: topic invalid")
        if headers["Authorization"] not in (None, f"Bearer {TOKEN}"):
            return 401, self.error(401)
        if headers["Authorization"] is None or topic == "others":
            return 403, self.error(403)
        if priority not in range(1, 6):
            return 400, self.error(400, 40007, "invalid priority parameter", "#message-priority")
        if sequence and not self.NAME.fullmatch(sequence):
            return 400, self.error(400, 40049, "invalid request: sequence ID invalid", "#updating-deleting-notifications")
        now = int(time.time())
        message = {"id": uuid.uuid4().hex[:12], "time": now, "expires": now + 12 * 3600, "event": "message", "message": "triggered"}
        message |= {"sequence_id": sequence} if sequence else {}
        # A sequence that came before is a message of its own here: it is the phones that show it in place of the one before.
        self.accept(sequence, asked)
        return 200, message | asked


class Webhook(Peer):
    def error(self, status):
        return {"error": http.HTTPStatus(status).phrase}

    def answer(self, method, path, headers, body):
        if path.partition("?")[0] != "/hook" or method not in ("POST", "PUT"):
            return 404, self.error(404)
        try:
            read = json.loads(body)
        except ValueError:
            read = body.decode(errors="replace")
        self.accept(headers["Idempotency-Key"], {"method": method, "path": path, "headers": dict(headers), "body": read})
        return 200, {"ok": True}


class Smtp(Peer):
    async def handle_DATA(self, server, session, envelope):
        failure, _ = self.fate()
        if isinstance(failure, int):
            return f"{failure} please try again" if failure < 500 else f"{failure} not here"
        if failure != "cut":
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            content = {name: str(mail[name]) for name in ("From", "To", "Subject", "Message-ID", "Date") if mail[name]}
            text = mail.get_body(("plain",))
            content |= {"text": text and text.get_content().replace("\r\n", "\n"), "sent_from": envelope.mail_from, "sent_to": envelope.rcpt_tos}
            self.accept(mail["Message-ID"] and str(mail["Message-ID"]), content | {"tls": server.transport.get_extra_info("cipher") is not None})
        if failure:
            server.transport.abort()
        return "250 accepted"

    def let_in(self, server, session, envelope, mechanism, given):
        return AuthResult(success=(given.login, given.password) == (USER.encode(), PASSWORD.encode()), handled=False)

    def listen(self, **settings):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        controller = Controller(self, hostname="127.0.0.1", port=port, server_hostname="localhost", **settings)
        controller.start()
        return f"127.0.0.1:{port}"


class Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def respond(self):
        peer = self.server.peers[self.server.name]
        failure, retry_after = self.path != "/control" and peer.fate() or (None, None)
        if failure == "cut":
            return self.cut()
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path == "/control":
            for name, told in json.loads(body).items():
                self.server.peers[name].tell(**told)
            return self.wfile.write(self.answer(200, {}, {}))
        if failure == "wait":
            time.sleep(WAIT)
            return self.cut()
        if failure == "echo":
            asked = " ".join([self.path, *sorted(self.headers.values(), key=len, reverse=True), body.decode()])
            return self.wfile.write(self.answer(400, {"error": asked}, {}))
        if isinstance(failure, int):
            return self.wfile.write(self.answer(failure, peer.error(failure), peer.headers(failure, retry_after)))
        status, said = peer.answer(self.command, self.path, self.headers, body)
        answer = self.answer(status, said, peer.headers(status, None))
        if failure == "wait-kept":
            time.sleep(WAIT)
            return self.cut()
        if failure == "half":
            self.wfile.write(answer[: peer.random.randrange(1, len(answer))])
            return self.cut()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = respond

    def answer(self, status, said, headers):
        body = json.dumps(said).encode()
        headers = {"Content-Type": "application/json", "Content-Length": len(body), **headers}
        lines = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        return "".join(line + "\r\n" for line in lines).encode() + b"\r\n" + body

    def cut(self):
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


def listen(name, peers):
    server = Server(("127.0.0.1", 0), Request)
    server.name, server.peers = name, peers
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def certificate(folder, name, subject, *options):
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={subject}"]
    files = ["-keyout", folder / f"{name}-key.pem", "-out", folder / f"{name}.pem"]
    subprocess.run([*command, *files, *options], check=True, stderr=subprocess.DEVNULL)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=lambda path: pathlib.Path(path).absolute())
    options.add_argument("--flaky", metavar="SEED", type=int)
    given = options.parse_args()
    folder, seed = given.folder, given.flaky
    folder.mkdir(exist_ok=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    peers = {peer.name: peer for peer in (kind(folder, FAILURES, seed) for kind in (Pushbullet, Ntfy, Webhook))}
    smtp = peers["smtp"] = Smtp(folder, FAILURES_OF_SMTP, seed)
    certificate(folder, "ca", "an authority of our own")
    own = ["-CA", folder / "ca.pem", "-CAkey", folder / "ca-key.pem", "-addext", "basicConstraints=critical,CA:FALSE"]
    certificate(folder, "server", "localhost", *own, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "server.pem", folder / "server-key.pem")
    auth = {"authenticator": smtp.let_in, "auth_required": True}
    addresses = {
        "pushbullet": listen("pushbullet", peers),
        "ntfy": listen("ntfy", peers),
        "webhook": listen("webhook", peers) + "/hook",
        "smtp": smtp.listen(tls_context=tls, require_starttls=True, **auth),
        # All of it is over TLS, which aiosmtpd does not see here.
        "smtps": smtp.listen(ssl_context=tls, auth_require_tls=False, **auth),
        "smtp_plain": smtp.listen(),
        "smtp_ca": str(folder / "ca.pem"),
        "smtp_user": USER,
        "smtp_password": PASSWORD,
        "token": TOKEN,
    }
    (folder / "addresses.new").write_text(json.dumps(addresses, indent=2) + "\n")
    (folder / "addresses.new").rename(folder / "addresses.json")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


main()
