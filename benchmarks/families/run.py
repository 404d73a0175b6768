"""CPU seconds a step and peak memory, family by family: this trainer beside a plain PyTorch loop, in turn.

usage: run.py [--rounds 3] [--steps 8] [--peer-python PYTHON] [--work DIR] [family ...]

PYTHON has e2e/peers/requirements.txt. How it is measured: ../common/measure.py; what is measured: shapes.py. Writes
results.json beside this script, family by family: those not named keep what is there. Exit code 1 when one could not run.
"""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import measure  # noqa: E402
from shapes import FAMILIES  # noqa: E402


def bench(family, args):
    work = pathlib.Path(args.work) / family
    model = work / "model"
    if not (model / "train.jsonl").exists():
        subprocess.run([args.peer_python, HERE / "make_bench.py", model, family], check=True)
    summary = {**measure.surroundings(args), "runs": {}}
    for precision in ("fp32", "bf16"):
        summary["runs"][precision] = measure.compare(family, HERE / "peer.py", model, precision, work, args)
    summary["loadAfter"] = os.getloadavg()
    return summary


def main():
    parser = measure.arguments("vlft-bench-families")
    parser.add_argument("families", nargs="*", metavar="family", help=", ".join(FAMILIES))
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results.json")
    args = parser.parse_args()
    results = json.loads(args.results.read_text()) if args.results.exists() else {}
    failed = []
    for family in args.families or FAMILIES:
        try:
            results[family] = bench(family, args)
        except (RuntimeError, subprocess.CalledProcessError) as problem:
            print(f"{family}: {problem}", flush=True)
            failed.append(family)
            continue
        args.results.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\n| family | precision | {measure.HEAD}\n|---|---|---|---|---|---|---|---|")
    for family in (name for name in FAMILIES if name in results):
        for precision, run in results[family]["runs"].items():
            print(f"| {family} | {precision} | {measure.row(run)}")
    return 1 if failed else 0


sys.exit(main())
