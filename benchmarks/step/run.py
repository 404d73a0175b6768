"""CPU seconds a step and peak memory: this trainer beside a plain PyTorch loop, in turn, both watched from outside.

usage: run.py [--rounds 3] [--steps 8] [--peer-python PYTHON] [--work DIR]

PYTHON has torch 2.7.1, transformers 5.23.0 and pillow 11.3.0 (requirements.txt). How it is measured: ../common/measure.py.
Writes results.json beside this script.
"""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import measure  # noqa: E402


def main():
    args = measure.arguments("vlft-bench-step").parse_args()
    work = pathlib.Path(args.work)
    work.mkdir(parents=True, exist_ok=True)
    model = work / "model"
    if not (model / "train.jsonl").exists():
        subprocess.run([args.peer_python, HERE / "make_bench.py", model, measure.HOME / "examples/digits/tokenizer"], check=True)
    summary = {**measure.surroundings(args), "runs": {}}
    for precision in ("fp32", "bf16"):
        summary["runs"][precision] = measure.compare("step", HERE / "peer.py", model, precision, work, args)
    summary["loadAfter"] = os.getloadavg()
    (HERE / "results.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(f"\n{summary['processor']}, 2 threads, load {summary['loadBefore'][0]:.1f} to {summary['loadAfter'][0]:.1f}")
    print(f"| precision | {measure.HEAD}\n|---|---|---|---|---|---|---|")
    for precision, run in summary["runs"].items():
        print(f"| {precision} | {measure.row(run)}")


main()
