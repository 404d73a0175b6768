"""Counts what an operator asks of the API server, out of the audit log (one line a request), and how late it is.

usage: bench.py COMMAND (BENCH: the folder of up.sh); each appends a record to results.json beside this file
  run KIND N      creates N at once and waits until all have ended; KIND: jobs, ourjobs (plain Jobs that are what the
                  operator makes of a run, without the operator), runs or trainjobs
  create N        creates N runs and waits for nothing: with the operator stopped, what the creates alone take
  hold N          creates N runs that stay running; a later release lets them end
  release N       lets them end and waits for that
  steady SECONDS  requests while nothing changes
  restart [kill]  stops or kills the operator, starts it again, and counts for 40 s
  clean KIND      deletes all of a kind and all Jobs, and waits until all children are gone (no record)
"""
import collections
import datetime
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time

from api import NAMESPACE, STATE, Connection, Refused

HERE = pathlib.Path(__file__).resolve().parent
AUDIT = STATE + "/audit.log"
WRITES = {"create", "update", "patch", "delete", "deletecollection"}
OPERATOR = "system:serviceaccount:vlfinetune-system:vlfinetune-operator"
CONTROLLERS = {"jobs": [], "ourjobs": [], "runs": [OPERATOR], "trainjobs": ["trainer", "jobset"]}
JOB_CONTROLLER = "system:serviceaccount:kube-system:job-controller"
PROCESSES = {OPERATOR: "operator", "trainer": "trainer", "jobset": "jobset"}
QUIET_SECONDS = 12
IDLE_SECONDS = 10
RESTART_SECONDS = 40
LIMIT_SECONDS = float(os.environ.get("LIMIT", 900))
LOADERS = 8

CPU = {"requests": {"cpu": "1"}}
POD = {"restartPolicy": "Never",
       "containers": [{"name": "train", "image": "benchmark/none:1", "command": ["train"], "resources": CPU}]}
JOBS = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
PATHS = {
    "jobs": JOBS,
    "ourjobs": JOBS,
    "runs": f"/apis/vlfinetune.io/v1alpha1/namespaces/{NAMESPACE}/vlfinetunes",
    "trainjobs": f"/apis/trainer.kubeflow.org/v1alpha1/namespaces/{NAMESPACE}/trainjobs",
}
RESOURCES = {"jobs": "jobs", "ourjobs": "jobs", "runs": "vlfinetunes", "trainjobs": "trainjobs"}
CHILDREN = [f"/apis/jobset.x-k8s.io/v1alpha2/namespaces/{NAMESPACE}/jobsets", JOBS, f"/api/v1/namespaces/{NAMESPACE}/pods",
            f"/apis/vlfinetune.io/v1alpha1/namespaces/{NAMESPACE}/vlfinetuneprogresses"]


def made_by_operator():
    """What the operator makes of a run, with nothing that ties it to the operator."""
    line = Connection("loader")
    line.call("POST", PATHS["runs"], body("runs", "sample", held=True))
    limit = time.time() + 60
    while True:
        try:
            job = line.call("GET", JOBS + "/sample-1")
            break
        except Refused as refusal:
            if refusal.status != 404 or time.time() > limit:
                raise
            time.sleep(0.5)
    clean("runs")
    template = job["spec"]["template"]
    del template["metadata"]["annotations"]["benchmark/hold"]
    for label in ("app.kubernetes.io/managed-by", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name",
                  "controller-uid", "job-name"):
        template["metadata"]["labels"].pop(label, None)
    del job["spec"]["selector"]
    return {"annotations": job["metadata"]["annotations"], "spec": job["spec"]}


def body(kind, name, held=False, made=None):
    metadata = {"name": name, "namespace": NAMESPACE}
    if kind == "ourjobs":
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata | {"annotations": made["annotations"]},
                "spec": made["spec"]}
    if kind == "jobs":
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
                "spec": {"backoffLimit": 0, "template": {"spec": POD}}}
    if kind == "trainjobs":
        return {"apiVersion": "trainer.kubeflow.org/v1alpha1", "kind": "TrainJob", "metadata": metadata,
                "spec": {"runtimeRef": {"name": "torch-distributed"},
                         "trainer": {"numNodes": 1, "image": "benchmark/none:1", "command": ["train"],
                                     "resourcesPerNode": CPU}}}
    return {"apiVersion": "vlfinetune.io/v1alpha1", "kind": "VLFineTune", "metadata": metadata,
            "spec": {"model": {"source": "pvc://models/base"}, "data": {"train": [{"source": "pvc://data/train.jsonl"}]},
                     "freeze": {"visionTower": True}, "training": {"steps": 100},
                     "output": {"destination": f"pvc://models/{name}"}, "resources": {"cpu": "1", "gpus": 0},
                     "scheduling": {"podAnnotations": {"benchmark/hold": "yes"}} if held else {}}}


def ended(thing):
    """How it ended; None before."""
    for condition in thing.get("status", {}).get("conditions", []):
        if condition["status"] == "True" and condition["type"] in ("Complete", "Succeeded", "Failed"):
            return condition["type"]
    return None


def running(thing):
    return thing.get("status", {}).get("phase") == "Running"


# --- the audit log

def size():
    return os.path.getsize(AUDIT)


def entries(start, end=None):
    with open(AUDIT, "rb") as file:
        file.seek(start)
        position = start
        for line in file:
            position += len(line)
            if (end and position > end) or not line.endswith(b"\n"):
                return
            entry = json.loads(line)
            stage = "ResponseStarted" if entry["verb"] == "watch" else "ResponseComplete"
            if entry["stage"] == stage:
                yield entry


def resource(entry):
    reference = entry.get("objectRef") or {}
    sub = reference.get("subresource")
    return reference.get("resource", "?") + ("/" + sub if sub else "")


def code(entry):
    return entry.get("responseStatus", {}).get("code", 0)


def moment(entry):
    return datetime.datetime.fromisoformat(entry["stageTimestamp"].replace("Z", "+00:00")).timestamp()


def count(start, end=None):
    """By user: calls by verb and resource, the refused ones apart."""
    calls = collections.defaultdict(collections.Counter)
    refused = collections.defaultdict(collections.Counter)
    for entry in entries(start, end):
        user = entry["user"]["username"]
        calls[user][f'{entry["verb"]} {resource(entry)}'] += 1
        if code(entry) >= 400:
            refused[user][f'{entry["verb"]} {resource(entry)} {code(entry)}'] += 1
    return {user: {"calls": dict(counter.most_common()), "refused": dict(refused[user])}
            for user, counter in sorted(calls.items())}


def quiet(users, start):
    """Where in the log these users had been silent for a while."""
    position = last = start
    since = time.time()
    begin = time.time()
    while time.time() - since < QUIET_SECONDS and time.time() - begin < LIMIT_SECONDS:
        time.sleep(1)
        now = size()
        for entry in entries(position, now):
            if entry["user"]["username"] in users and entry["verb"] in WRITES and resource(entry) != "leases":
                since = time.time()
                last = now
        position = now
    return last


def delays(kind, start, end):
    """Seconds from a Job's last status write to the last one of the resource it belongs to."""
    jobs, things, created = {}, {}, []
    for entry in entries(start, end):
        if code(entry) >= 300 or entry["verb"] not in WRITES:
            continue
        name = (entry.get("objectRef") or {}).get("name") or ""
        run = "-".join(name.split("-")[:2])
        if resource(entry) == "jobs" and entry["verb"] == "create":
            created.append(moment(entry))
        elif resource(entry) == "jobs/status":
            jobs[run] = moment(entry)
        elif resource(entry) == RESOURCES[kind] + "/status":
            things[run] = moment(entry)
    late = sorted(things[run] - jobs[run] for run in things if run in jobs) if CONTROLLERS[kind] else []
    return created, late


# --- the processes

def process_ids():
    with open(STATE + "/processes", encoding="utf-8") as file:
        return dict(line.split() for line in file)


def cpu(name):
    with open(f"/proc/{process_ids()[name]}/stat", encoding="utf-8") as file:
        return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def cpus():
    return {name: cpu(name) for name in process_ids()}


def memory(users):
    """MiB now and at most so far."""
    found = {}
    for name in [PROCESSES[user] for user in users]:
        with open(f"/proc/{process_ids()[name]}/status", encoding="utf-8") as file:
            lines = dict(line.split(":", 1) for line in file)
        found[name] = {key: int(lines[field].split()[0]) // 1024 for key, field in (("now", "VmRSS"), ("most", "VmHWM"))}
    return found


# --- records

def versions():
    module = (HERE / "../../e2e/control-plane/go.mod").read_text()
    peers = (HERE / "trainer/go.mod").read_text() + (HERE / "kwok/go.mod").read_text()
    wanted = {"kubernetes": ("k8s.io/kubernetes", module), "trainer": ("github.com/kubeflow/trainer/v2", peers),
              "jobset": ("sigs.k8s.io/jobset", peers), "kwok": ("sigs.k8s.io/kwok", peers)}
    found = {}
    for name, (path, text) in wanted.items():
        found[name] = next(words[words.index(path) + 1] for words in map(str.split, text.splitlines())
                           if path in words and len(words) > words.index(path) + 1)
    commit = subprocess.run(["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return found | {"source": commit.stdout.strip()}


def save(record):
    record |= {"load": round(os.getloadavg()[0], 1), "cores": os.cpu_count(), "versions": versions(),
               "heap": os.environ.get("HEAP", "256m"), "jvm": os.environ.get("JAVA_TOOL_OPTIONS", "")}
    file = pathlib.Path(os.environ.get("RESULTS", HERE / "results.json"))
    records = json.loads(file.read_text()) if file.exists() else []
    file.write_text(json.dumps(records + [record], indent=1) + "\n")
    print(json.dumps({key: value for key, value in record.items() if key != "users"}))
    for user, seen in record.get("users", {}).items():
        if user in CONTROLLERS["runs"] + CONTROLLERS["trainjobs"]:
            print(user, seen)


# --- what is measured

class Watch:
    """Counts resources of a kind that a test holds for."""

    def __init__(self, kind, test):
        self.kind, self.test = kind, test
        self.seen = {}
        line = Connection("watcher")
        self.version = line.call("GET", PATHS[kind] + "?limit=1")["metadata"]["resourceVersion"]
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        """A watch ends now and then, and one that asks for versions which are gone starts over from a list."""
        while True:
            try:
                for event in Connection("watcher").watch(PATHS[self.kind], self.version):
                    self.version = event["object"]["metadata"]["resourceVersion"]
                    self.look(event["object"])
            except Refused:
                time.sleep(1)
                everything = Connection("watcher").call("GET", PATHS[self.kind])
                self.version = everything["metadata"]["resourceVersion"]
                for thing in everything["items"]:
                    self.look(thing)

    def look(self, thing):
        result = self.test(thing)
        if result and thing["metadata"]["name"] not in self.seen:
            self.seen[thing["metadata"]["name"]] = (time.time(), result)

    def wait(self, many):
        limit = time.time() + LIMIT_SECONDS
        while len(self.seen) < many and time.time() < limit:
            time.sleep(0.2)
        return max((at for at, _ in self.seen.values()), default=0)


def load(kind, many, held=False, made=None):
    """Creates them with several connections; returns when it began and when the last was answered."""
    numbers = queue.Queue()
    for number in range(many):
        numbers.put(number)
    failures = []

    def work():
        line = Connection("loader")
        while not failures:
            try:
                number = numbers.get_nowait()
            except queue.Empty:
                return
            try:
                line.call("POST", PATHS[kind], body(kind, f"{'h' if held else 'b'}{many}-{number:06d}", held, made))
            except (Refused, OSError) as failure:
                failures.append(failure)

    begin = time.time()
    threads = [threading.Thread(target=work) for _ in range(LOADERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"create failed: {failures[0]}")
    return begin, time.time()


def idle():
    """CPU seconds a second of the API server while nothing is asked of it."""
    before = cpu("kube-apiserver")
    time.sleep(IDLE_SECONDS)
    return (cpu("kube-apiserver") - before) / IDLE_SECONDS


def run(kind, many):
    users = CONTROLLERS[kind]
    made = made_by_operator() if kind == "ourjobs" else None
    rate = idle()
    watch = Watch(kind, ended)
    start, before = size(), cpus()
    begin, created = load(kind, many, made=made)
    last = watch.wait(many)
    end = quiet(users + [JOB_CONTROLLER], start)
    spent = {name: round(value - before.get(name, 0), 2) for name, value in cpus().items()}
    seconds = time.time() - begin
    jobs, late = delays(kind, start, end)
    endings = collections.Counter(result for _, result in watch.seen.values())
    save({"what": "run", "kind": kind, "n": many, "endings": dict(endings),
          "create_s": round(created - begin, 2), "all_jobs_s": round(max(jobs, default=0) - begin, 2), "jobs": len(jobs),
          "all_ended_s": round(last - begin, 2),
          "late_s": {"n": len(late), "p50": round(late[len(late) // 2], 3), "p95": round(late[int(len(late) * .95)], 3),
                     "max": round(late[-1], 3)} if late else None,
          "cpu_s": spent, "apiserver_ms": round(spent["kube-apiserver"] / many * 1000, 1),
          "apiserver_net_ms": round((spent["kube-apiserver"] - rate * seconds) / many * 1000, 1),
          "window_s": round(seconds, 1), "rss_mib": memory(users), "users": count(start, end)})


def create(many):
    start, before = size(), cpus()
    begin, created = load("runs", many)
    save({"what": "create", "kind": "runs", "n": many, "operator": "operator" in process_ids(),
          "create_s": round(created - begin, 2), "rss_mib": {}, "users": count(start),
          "cpu_s": {name: round(value - before[name], 2) for name, value in cpus().items()}})


def hold(many):
    watch = Watch("runs", running)
    start = size()
    begin, created = load("runs", many, held=True)
    last = watch.wait(many)
    end = quiet([OPERATOR, JOB_CONTROLLER], start)
    save({"what": "hold", "kind": "runs", "n": many, "running": len(watch.seen), "create_s": round(created - begin, 2),
          "all_running_s": round(last - begin, 2), "rss_mib": memory([OPERATOR]), "users": count(start, end)})


def release(many):
    watch = Watch("runs", ended)
    line = Connection("loader")
    pods = f"/api/v1/namespaces/{NAMESPACE}/pods"
    start = size()
    begin = time.time()
    for pod in line.call("GET", pods)["items"]:
        if "benchmark/hold" in pod["metadata"].get("annotations", {}):
            line.call("PATCH", f"{pods}/{pod['metadata']['name']}", {"metadata": {"annotations": {"benchmark/hold": None}}},
                      "application/merge-patch+json")
    last = watch.wait(many)
    end = quiet([OPERATOR, JOB_CONTROLLER], start)
    endings = collections.Counter(result for _, result in watch.seen.values())
    jobs = line.call("GET", JOBS)["items"]
    save({"what": "release", "kind": "runs", "n": many, "endings": dict(endings), "jobs": len(jobs),
          "all_ended_s": round(last - begin, 2), "rss_mib": memory([OPERATOR]), "users": count(start, end)})


def phases():
    things = Connection("watcher").call("GET", PATHS["runs"])["items"]
    return dict(collections.Counter(thing.get("status", {}).get("phase", "none") for thing in things))


def steady(seconds):
    present = [user for user, name in PROCESSES.items() if name in process_ids()]
    start, before = size(), cpus()
    time.sleep(seconds)
    save({"what": "steady", "seconds": seconds, "runs": phases(), "rss_mib": memory(present),
          "cpu_s": {name: round(value - before[name], 2) for name, value in cpus().items()}, "users": count(start)})


def restart(how):
    script = str(HERE / "operator.sh")
    before = versions_of_objects()
    subprocess.run([script, how], check=True)
    start = size()
    begin = time.time()
    subprocess.run([script, "start"], check=True)
    ready = time.time() - begin
    time.sleep(RESTART_SECONDS)
    after = versions_of_objects()
    save({"what": "restart", "how": how, "runs": phases(), "ready_s": round(ready, 1), "objects": len(before),
          "changed": sum(before.get(key) != after.get(key) for key in before.keys() | after.keys()),
          "rss_mib": memory([OPERATOR]), "users": count(start)})


def versions_of_objects():
    line = Connection("watcher")
    found = {}
    for path in [PATHS["runs"]] + CHILDREN[1:]:
        for thing in line.call("GET", path)["items"]:
            found[path + "/" + thing["metadata"]["name"]] = thing["metadata"]["resourceVersion"]
    return found


def clean(kind):
    line = Connection("admin")
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
    line.call("DELETE", PATHS[kind], options)
    line.call("DELETE", JOBS, options)
    limit = time.time() + LIMIT_SECONDS
    while time.time() < limit:
        left = 0
        for path in [PATHS[kind]] + (CHILDREN if CONTROLLERS[kind] else CHILDREN[1:3]):
            try:
                left += len(line.call("GET", path + "?limit=1")["items"])
            except Refused as refusal:
                if refusal.status != 404:
                    raise
        if not left:
            return
        time.sleep(1)
    raise SystemExit("not all is gone")


def main(command, *arguments):
    if command == "run":
        run(arguments[0], int(arguments[1]))
    elif command == "create":
        create(int(arguments[0]))
    elif command == "hold":
        hold(int(arguments[0]))
    elif command == "release":
        release(int(arguments[0]))
    elif command == "steady":
        steady(int(arguments[0]))
    elif command == "restart":
        restart(arguments[0] if arguments else "stop")
    elif command == "clean":
        clean(arguments[0])
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
