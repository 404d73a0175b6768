"""Makes kwok's own Stages (at stdin) run pods for a while and say a trainer's last word.

usage: stages.py AT_LEAST_MILLIS UP_TO_MILLIS
Pods with the annotation benchmark/hold run until it is taken away.
"""
import json
import sys

import yaml

ATTEMPT = '{{ index $root.metadata.labels "vlfinetune.io/attempt" }}'
LAST_WORD = {
    "attempt": "ATTEMPT",
    "outcome": "Succeeded",
    "message": "trained 100 steps",
    "step": 100,
    "checkpoint": {"step": 100, "uri": "scratch/checkpoint-100", "time": "2026-01-01T00:00:00Z"},
    "output": {"uri": "pvc://models/tuned", "digest": "sha256:" + "0" * 64, "bytes": 4294967296},
    "proof": {"frozenTensors": 391, "verified": 391, "changedTensors": 291, "unused": [], "unchangedAfterRounding": []},
}
EXIT = "exitCode: 0\n"


def complete(stage, at_least, up_to):
    """Jobs' pods end between the two times; pods of an attempt leave their last word."""
    specification = stage["spec"]
    specification["delay"] = {"durationMilliseconds": at_least, "jitterDurationMilliseconds": up_to}
    specification["selector"]["matchExpressions"].append(
        {"key": '.metadata.annotations["benchmark/hold"]', "operator": "DoesNotExist"})
    word = json.dumps(LAST_WORD, separators=(",", ":")).replace('"ATTEMPT"', ATTEMPT)
    template = specification["next"]["statusTemplate"]
    if EXIT not in template:
        raise SystemExit("kwok's Stage pod-complete is not as expected: no line " + EXIT)
    head, tail = template.split(EXIT)
    indent = " " * (len(head) - len(head.rstrip(" ")))
    specification["next"]["statusTemplate"] = (
        f'{head}{EXIT}{indent}{{{{ if index $root.metadata.labels "vlfinetune.io/attempt" }}}}\n'
        f"{indent}message: '{word}'\n{indent}{{{{ end }}}}\n{tail}")


def main():
    for stage in yaml.safe_load_all(sys.stdin):
        if not stage:
            continue
        if stage["metadata"]["name"] == "pod-complete":
            complete(stage, int(sys.argv[1]), int(sys.argv[2]))
        print("---")
        print(yaml.safe_dump(stage))


main()
