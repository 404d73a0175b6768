"""What a freeze saves: this trainer, a PyTorch loop (also on stored features) and LLaMA-Factory 0.9.5, step by step in turn.

usage: run.py --factory-python PYTHON [--peer-python PYTHON] [--rounds 1] [--steps 6] [--shapes …] [--settings …] [--precisions …]
              [--contestants …] [--plain] [--at-once 6] [--work DIR] [--tables]

Lists are comma-separated. Results are kept part by part in results.json beside this script: what is not run again stays, so a part
can be repeated. --plain leaves `recompute` and `prefixCache` out of the trainer's run, --tables only prints what is there. Exit code
1 when a contestant failed.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import goals  # noqa: E402
import measure  # noqa: E402
from cases import BATCH, EPOCH, FREEZE, PRECISIONS, SAMPLES, SETTINGS, SHAPES  # noqa: E402
from turns import Contestant, take_turns  # noqa: E402


def arguments():
    parser = measure.arguments("vlft-bench-freeze", rounds=1, steps=3 * EPOCH)
    some = lambda text: tuple(text.split(","))
    parser.add_argument("--factory-python", default=None)
    parser.add_argument("--shapes", type=some, default=SHAPES)
    parser.add_argument("--settings", type=some, default=SETTINGS)
    parser.add_argument("--precisions", type=some, default=PRECISIONS)
    parser.add_argument("--contestants", type=some, default=goals.CONTESTANTS)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--at-once", type=int, default=len(goals.CONTESTANTS))
    parser.add_argument("--tables", action="store_true")
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results.json")
    args = parser.parse_args()
    for given, known in ((args.shapes, SHAPES), (args.settings, SETTINGS), (args.precisions, PRECISIONS),
                         (args.contestants, goals.CONTESTANTS)):
        if unknown := set(given) - set(known):
            parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(known)}")
    if args.steps <= EPOCH:
        parser.error(f"--steps: an epoch has {EPOCH} steps, so more are needed to see a later one")
    if not (args.tables or args.factory_python) and any("llamafactory" in name for name in args.contestants):
        parser.error("--factory-python: a Python with requirements.txt is needed for LLaMA-Factory; or name other --contestants")
    return args


class Case:
    """A shape, a precision and a setting: makes the contestants."""

    def __init__(self, args, shape, precision, setting):
        self.args, self.shape, self.precision, self.setting = args, shape, precision, setting
        self.work = pathlib.Path(args.work) / shape
        self.model = self.work / "model"

    def contestant(self, name):
        place = self.work / name.replace(" ", "-")
        log, errors, steps = place.with_suffix(".jsonl"), place.with_suffix(".log"), self.steps(name)
        if name in (goals.OURS, goals.RECOMPUTE):
            command, log = self.trainer(place, "Always" if name == goals.RECOMPUTE else "Auto")
        elif name == goals.PLAIN:
            command = self.pytorch("plain", steps, self.setting, log)
        elif name == goals.STORED:
            command = self.pytorch("stored", steps, self.setting, log, self.stored())
        else:
            command = [self.args.factory_python, HERE / "factory.py", self.model, self.shape, self.precision, steps, self.setting,
                       log, "off" if name == goals.FACTORY_PLAIN else "on"]
        more = {"HF_DATASETS_CACHE": str(self.work / "datasets")}
        return Contestant(name, [str(word) for word in command], steps, log, errors, {**measure.environment(), **more})

    def steps(self, name):
        """Short steps need more of them; who remembers nothing is the same in later epochs."""
        if name in (goals.FACTORY, goals.FACTORY_PLAIN):
            return EPOCH + 1
        return min(self.args.steps, 2 * EPOCH) if name == goals.PLAIN or self.setting == "full" else self.args.steps

    def trainer(self, root, recompute):
        run = measure.description(self.model, self.precision, self.steps(goals.OURS))
        run["freeze"] = FREEZE[self.setting]
        if not self.args.plain:
            run["training"] |= {"recompute": recompute, "prefixCache": "Auto"}
        return measure.trainer_command(run, root, self.args.java)

    def pytorch(self, kind, steps, *rest):
        return [self.args.peer_python, HERE / "pytorch.py", kind, self.model, self.shape, self.precision, steps, *rest]

    def stored(self):
        return self.work / f"stored-{self.precision}-{self.args.steps}.pt"

    def prepare(self, names):
        if not (self.model / "train.jsonl").exists():
            subprocess.run([self.args.peer_python, HERE / "make_shape.py", self.model, self.shape], check=True)
        if goals.STORED in names and not self.stored().exists():
            command = self.pytorch("store", self.args.steps, self.stored())
            subprocess.run([str(word) for word in command], check=True, env=measure.environment())

    def names(self):
        """Stored features need something frozen; recompute needs the field."""
        return [name for name in goals.CONTESTANTS if name in self.args.contestants
                and not (name == goals.STORED and self.setting == "full") and not (name == goals.RECOMPUTE and self.args.plain)]

    def run(self):
        """One round: results by contestant."""
        names, made = self.names(), {}
        self.prepare(names)
        for at in range(0, len(names), self.args.at_once):
            contestants = [self.contestant(name) for name in names[at:at + self.args.at_once]]
            made |= take_turns(contestants)
            for contestant in contestants:
                if contestant.name in made:
                    counts = re.findall(r"trains ([\d,]+) ", contestant.errors.read_text())
                    made[contestant.name] |= {"trained": counts[-1] if counts else "", "load": round(os.getloadavg()[0], 1),
                                              "plain": self.args.plain}
        for name in names:
            if name in made:
                run = made[name]
                print(f"{self.shape} {self.precision} {self.setting}, {name}: CPU s {run['cpuSeconds']}, {run['peakMemoryMiB']} MiB, "
                      f"trains {run['trained']}, first loss {run['losses'][0]:.6f}, load {run['load']}", flush=True)
        return made, set(names) - set(made)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that stopped contestants are ended, too
    args = arguments()
    results = json.loads(args.results.read_text()) if args.results.exists() else {"cases": {}}
    failed = set()
    for shape in () if args.tables else args.shapes:
        for precision in args.precisions:
            for setting in args.settings:
                rounds = {}
                for _ in range(args.rounds):
                    made, lost = Case(args, shape, precision, setting).run()
                    failed |= {(shape, precision, setting, name) for name in lost}
                    for name, run in made.items():
                        rounds.setdefault(name, []).append(run)
                results["cases"].setdefault(shape, {}).setdefault(precision, {}).setdefault(setting, {}).update(rounds)
                results |= {**measure.surroundings(args), "samples": SAMPLES, "batch": BATCH}
                args.results.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\n{goals.numbers_table(results)}\n\n{goals.goals_table(results)}")
    for case in sorted(failed):
        print("failed:", *case)
    return 1 if failed else 0


sys.exit(main())
