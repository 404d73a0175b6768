"""A connection to the API server of up.sh as one of its users."""
import http.client
import json
import os
import pathlib
import ssl

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STATE = os.environ.get("BENCH", str(ROOT / "target/operator-benchmark")) + "/state"
PORT = int(os.environ.get("PORT", "26443"))
NAMESPACE = "bench"


class Refused(Exception):
    """The API server said no."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Connection:
    """One kept-alive HTTPS connection; not for several threads."""

    def __init__(self, user):
        with open(f"{STATE}/users/{user}.token", encoding="utf-8") as file:
            self.token = file.read()
        self.line = http.client.HTTPSConnection(
            "127.0.0.1", PORT, context=ssl.create_default_context(cafile=STATE + "/keys/ca.crt"))

    def open(self, method, path, body=None, kind="application/json"):
        self.line.request(method, path, body=None if body is None else json.dumps(body), headers={
            "Authorization": "Bearer " + self.token, "Content-Type": kind, "User-Agent": "benchmark"})
        return self.line.getresponse()

    def call(self, method, path, body=None, kind="application/json"):
        response = self.open(method, path, body, kind)
        data = response.read()
        if response.status >= 300:
            raise Refused(response.status, f"{method} {path}: {response.status} {data[:300]!r}")
        return json.loads(data)

    def watch(self, path, version):
        """Events from that version on, until the server ends the watch; Refused with 410 where they are too old."""
        response = self.open("GET", f"{path}{'&' if '?' in path else '?'}watch=1&resourceVersion={version}")
        if response.status >= 300:
            raise Refused(response.status, f"watch {path}: {response.status} {response.read()[:300]!r}")
        for line in response:
            event = json.loads(line)
            if event["type"] == "ERROR":
                raise Refused(event["object"].get("code", 500), f"watch {path}: {event['object'].get('message')}")
            yield event
