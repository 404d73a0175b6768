"""Reports as trainers do, for all of them: once a pod runs (REPORT_AFTER: seconds to the second report) it patches the
progress object of the pod's attempt twice. The last word comes from kwok, as the pod's termination message."""
import datetime
import heapq
import os
import threading
import time

from api import NAMESPACE, Connection, Refused

PODS = f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app.kubernetes.io/managed-by%3Dvlfinetune-operator"
PROGRESS = f"/apis/vlfinetune.io/v1alpha1/namespaces/{NAMESPACE}/vlfinetuneprogresses/"
AFTER = float(os.environ.get("REPORT_AFTER", 3))
THREADS = 8


def report(attempt, sequence, step):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"report": {
        "attempt": attempt, "sequence": sequence, "time": now, "state": "Training",
        "model": {"family": "llava", "digest": "sha256:" + "1" * 64}, "data": {"samples": 1000},
        "plan": {"digest": "sha256:" + "2" * 64, "totalParameters": 7063427072, "trainableParameters": 6759464960,
                 "trainablePercent": "95.70", "parts": []},
        "progress": {"percent": step, "step": step, "totalSteps": 100, "loss": "1.25", "samplesPerSecond": "12.3",
                     "etaSeconds": 100 - step},
        "metrics": []}}


class Reports:
    """Reports that are due, the earliest first."""

    def __init__(self):
        self.due = []
        self.seen = set()
        self.changed = threading.Condition()

    def pod(self, pod):
        uid = pod["metadata"]["uid"]
        labels = pod["metadata"]["labels"]
        if pod.get("status", {}).get("phase") != "Running" or uid in self.seen:
            return
        with self.changed:
            self.seen.add(uid)
            name = labels["job-name"]
            attempt = int(labels["vlfinetune.io/attempt"])
            heapq.heappush(self.due, (time.time(), name, attempt, 1, 0))
            heapq.heappush(self.due, (time.time() + AFTER, name, attempt, 2, 50))
            self.changed.notify_all()

    def next(self):
        with self.changed:
            while not self.due or self.due[0][0] > time.time():
                self.changed.wait(self.due[0][0] - time.time() if self.due else None)
            return heapq.heappop(self.due)


def send(reports):
    line = Connection("reporter")
    while True:
        _, name, attempt, sequence, step = reports.next()
        try:
            line.call("PATCH", PROGRESS + name, report(attempt, sequence, step), "application/merge-patch+json")
        except Refused as refusal:
            if refusal.status != 404:
                print(refusal, flush=True)
        except OSError as error:
            print("again:", error, flush=True)
            line = Connection("reporter")


def main():
    reports = Reports()
    for _ in range(THREADS):
        threading.Thread(target=send, args=(reports,), daemon=True).start()
    while True:
        pods = Connection("reporter").call("GET", PODS)
        for pod in pods["items"]:
            reports.pod(pod)
        try:
            for event in Connection("reporter").watch(PODS, pods["metadata"]["resourceVersion"]):
                if event["type"] == "MODIFIED":
                    reports.pod(event["object"])
        except Refused as refusal:
            print("again:", refusal, flush=True)


main()
