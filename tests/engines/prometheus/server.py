"""A Prometheus that holds given samples, to ask."""

import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

TICK_S = 0.125
"""How far samples lie apart: the server looks back less than that, so each stands alone, and binary fractions keep their milliseconds."""


class Server:
    """`samples` are lines of OpenMetrics: series, value, seconds since 1970."""

    def __init__(self, samples, config=""):
        self.folder = Path(tempfile.mkdtemp())
        self.threads = threading.local()
        with open(self.folder / "samples", "w") as out:
            out.writelines(f"{series} {spell(value)} {at!r}\n" for series, value, at in samples)
            out.write("# EOF\n")
        (self.folder / "prometheus.yml").write_text(config)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def __enter__(self):
        folder = self.folder
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", folder / "samples", folder / "data"], check=True, stdout=subprocess.DEVNULL)
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", "--storage.tsdb.retention.time=200y",
             f"--web.listen-address=127.0.0.1:{self.port}", "--query.lookback-delta=100ms"], stdout=self.log, stderr=self.log)
        for _ in range(600):
            try:
                if self.call("GET", "/-/ready")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit((folder / "log").read_text())

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)

    def call(self, *request):
        """Over a connection that is this thread's."""
        try:
            if not hasattr(self.threads, "connection"):
                self.threads.connection = http.client.HTTPConnection("127.0.0.1", self.port)
            self.threads.connection.request(*request)
            response = self.threads.connection.getresponse()
            return response.status, response.read()
        except OSError:
            del self.threads.connection
            raise

    def ask(self, expression, start, end, step=TICK_S):
        """What an expression gives at every step that it has a result: the labels of a series, the time, the value."""
        form = urllib.parse.urlencode(dict(query=expression, start=start, end=end, step=step))
        _, text = self.call("POST", "/api/v1/query_range", form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = json.loads(text)
        if answer["status"] != "success":
            raise SystemExit(f"{answer['error']}: {expression[:500]}")
        for series in answer["data"]["result"]:
            for at, value in series["values"]:
                yield series["metric"], at, float(value)


def spell(value):
    return repr(float(value)).replace("inf", "Inf").replace("nan", "NaN")
