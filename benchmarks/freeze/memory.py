"""How near the trainer's estimate of its peak memory comes: every shape, precision and setting, also with recompute.

usage: memory.py [--peer-python PYTHON] [--shapes …] [--settings …] [--precisions …] [--steps 4] [--work DIR]

Runs the product's process to its end and compares the estimate in its vlfinetune.json with the kernel's high-water mark. Memory hardly
depends on other work on the machine. Writes memory.json beside this script. Exit code 1 if an estimate is off by more than 15 %.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import measure  # noqa: E402
from cases import FREEZE, PRECISIONS, SETTINGS, SHAPES  # noqa: E402

NEAR = 0.15
MIB = 1 << 20


def measured(args, shape, precision, setting, recompute):
    work = pathlib.Path(args.work) / shape
    model, root = work / "model", work / "memory"
    if not (model / "train.jsonl").exists():
        subprocess.run([args.peer_python, HERE / "make_shape.py", model, shape], check=True)
    run = measure.description(model, precision, args.steps)
    run["freeze"] = FREEZE[setting]
    run["training"]["recompute"] = recompute
    command, _ = measure.trainer_command(run, root, args.java)
    with open(work / "memory.log", "w") as log:
        subprocess.run(command, check=True, env=measure.environment(), stdout=log, stderr=log)
    document = json.loads((root / "out/vlfinetune.json").read_text())
    estimate = document["plan"]["phases"][0]["memoryBytes"]
    return {"shape": shape, "precision": precision, "setting": setting, "recompute": recompute,
            "estimated": {part: size // MIB for part, size in estimate.items()}, "measured": document["peakMemoryBytes"] // MIB}


def main():
    parser = measure.arguments("vlft-bench-freeze", steps=4)
    some = lambda text: tuple(text.split(","))
    for option, values in (("--shapes", SHAPES), ("--settings", SETTINGS), ("--precisions", PRECISIONS)):
        parser.add_argument(option, type=some, default=values)
    args = parser.parse_args()
    rows, far = [], 0
    print("| shape | precision | setting | recompute | estimated MiB | measured | ratio |\n|---|---|---|---|---|---|---|")
    for shape in args.shapes:
        for precision in args.precisions:
            for setting in args.settings:
                for recompute in ("Never", "Always"):
                    row = measured(args, shape, precision, setting, recompute)
                    rows.append(row)
                    ratio = row["estimated"]["total"] / row["measured"]
                    far += abs(ratio - 1) > NEAR
                    print(f"| {shape} | {precision} | {setting} | {recompute} | {row['estimated']['total']} | {row['measured']} | {ratio:.2f} |",
                          flush=True)
    (HERE / "memory.json").write_text(json.dumps(rows, indent=1) + "\n")
    print(f"{len(rows) - far} of {len(rows)} within {NEAR:.0%}")
    return 1 if far else 0


if __name__ == "__main__":
    sys.exit(main())
