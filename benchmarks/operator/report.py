"""Prints results.json (or the file named) as Markdown tables."""
import json
import pathlib
import sys

from bench import CONTROLLERS, JOB_CONTROLLER, OPERATOR, WRITES


def of(calls, test):
    return sum(number for call, number in calls.items() if test(*call.split(" ")))


# Questions in the form of a create; nothing is stored.
QUESTIONS = {"selfsubjectrulesreviews", "selfsubjectaccessreviews"}


def writes(calls, test=lambda verb, resource: True):
    return of(calls, lambda verb, resource: verb in WRITES and resource != "leases" and resource not in QUESTIONS
              and test(verb, resource))


def calls(record, users):
    total = {}
    for user in users:
        for call, number in record["users"].get(user, {}).get("calls", {}).items():
            total[call] = total.get(call, 0) + number
    return total


def table(head, rows):
    rows = [head] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|"] + lines[1:]) + "\n"


def runs(records):
    head = ["kind", "n", "ended", "writes", "of them status", "events", "reads", "Job controller's", "all Jobs, s", "all ended, s",
            "late p50, s", "p95", "max", "API server ms", "less idle", "controller ms", "RSS MiB", "most", "load"]
    rows = []
    for record in records:
        many = record["n"]
        mine = calls(record, CONTROLLERS[record["kind"]])
        late = record["late_s"]
        rss = record["rss_mib"].values()
        spent = sum(record["cpu_s"].get(name, 0) for name in record["rss_mib"])
        rows.append([
            record["kind"], many, " ".join(f"{number} {name}" for name, number in record["endings"].items()),
            f"{writes(mine) / many:.2f}",
            f"{writes(mine, lambda verb, resource: resource.endswith('/status')) / many:.2f}",
            f"{writes(mine, lambda verb, resource: resource == 'events') / many:.2f}",
            f"{of(mine, lambda verb, resource: verb in ('get', 'list') and resource != 'leases') / many:.2f}",
            f"{writes(calls(record, [JOB_CONTROLLER])) / many:.2f}",
            record["all_jobs_s"], record["all_ended_s"], *([late["p50"], late["p95"], late["max"]] if late else ["–"] * 3),
            record["apiserver_ms"], record["apiserver_net_ms"], round(spent / many * 1000) if rss else "–",
            sum(one["now"] for one in rss) if rss else "–", sum(one["most"] for one in rss) if rss else "–", record["load"]])
    return table(head, rows)


def kinds(records):
    rows = []
    for record in records:
        for user in CONTROLLERS[record["kind"]]:
            seen = record["users"].get(user, {"calls": {}, "refused": {}})
            made = ", ".join(f"{call} {number / record['n']:.2f}" for call, number in seen["calls"].items()
                             if call.split(" ")[0] in WRITES and "leases" not in call)
            rows.append([record["kind"], record["n"], user.rsplit(":", 1)[-1], made,
                         ", ".join(f"{call} {number}" for call, number in seen["refused"].items()) or "none"])
    return table(["kind", "n", "who", "writes a run", "refused, in all"], rows)


def others(records):
    rows = []
    for record in records:
        mine = calls(record, [OPERATOR])
        what = {"steady": lambda: f"{record['seconds']} s", "restart": lambda: f"{record['how']}, ready after {record['ready_s']} s",
                "create": lambda: f"{'operator at work' if record['operator'] else 'no operator'}, {record['create_s']} s",
                "hold": lambda: f"all running after {record['all_running_s']} s",
                "release": lambda: f"{record['endings']}, {record['jobs']} Jobs"}[record["what"]]()
        leases = of(mine, lambda verb, resource: resource == "leases")
        rows.append([
            record["what"], what, ", ".join(f"{number} {phase}" for phase, number in record.get("runs", {}).items()) or record["n"],
            writes(mine), leases, of(mine, lambda verb, resource: verb not in WRITES and resource != "leases"),
            record.get("changed", "–"), record["rss_mib"].get("operator", {}).get("now", "–")])
    return table(["what", "how", "runs", "operator's writes", "Lease requests", "reads and watches", "objects changed", "RSS MiB"],
                 rows)


def main():
    file = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent / "results.json"
    records = json.loads(file.read_text())
    made = [record for record in records if record["what"] == "run"]
    print(runs(made))
    print(kinds([record for record in made if CONTROLLERS[record["kind"]]]))
    rest = [record for record in records if record["what"] != "run"]
    if rest:
        print(others(rest))


main()
