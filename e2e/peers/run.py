"""One training step a model family, then its output in transformers: the loss must be the trainer's.

usage: run.py [--work DIR] [--python PYTHON] [family ...]

For every reference model (trainer-image/src/test/resources/fixtures): `vlft run` for one step, `vlft evaluate` on its output,
load_and_compare.py on both. PYTHON has requirements.txt; default: the one that runs this. A family that the trainer refuses
counts as a failure and its own message is shown. Exit code 0 when all agree.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
HOME = HERE.parents[1]
FIXTURES = HOME / "trainer-image/src/test/resources/fixtures"

RESOURCE = """\
apiVersion: vlfinetune.io/v1alpha1
kind: VLFineTune
metadata: {{name: one-step}}
spec:
  model: {{source: "file://{model}"}}
  data:
    train: [{{source: "file://{data}"}}]
    mediaRoot: "file://{media}"
  training: {{steps: 1, batchSize: 2, learningRate: "1e-3", precision: Float32, seed: 42}}
  resources: {{gpus: 0, cpu: "1", memory: 2Gi, scratch: {{size: 1Gi}}}}
  output: {{destination: "pvc://models/one-step"}}
"""


def data(family, folder):
    """The two golden samples, a conversation of two turns, and one without a picture."""
    golden = json.loads((FIXTURES / family / "golden.json").read_text())["batch"]
    for name in golden["files"]:
        shutil.copy(FIXTURES / family / name, folder)
    asked, answered = golden["questions"], golden["answers"]
    user = lambda text: {"role": "user", "content": text}
    said = lambda text: {"role": "assistant", "content": text}
    rows = [{"messages": [user(f"<image>{q}"), said(a)], "images": [name]} for name, q, a in zip(golden["files"], asked, answered)]
    rows.append({"messages": [user(f"<image>{asked[0]}"), said(answered[0]), user(asked[1]), said(answered[1])],
                 "images": golden["files"][:1]})
    rows.append({"messages": [user("Is this digit even or odd?"), said("three is odd")]})
    file = folder / "data.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def call(command, log):
    with open(log, "w") as errors:
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=errors, text=True)
    return done.returncode, done.stdout


def failed(what, log):
    lines = [line for line in log.read_text().splitlines() if line.strip()]
    print(f"{what} failed, {log} ends with:\n  " + "\n  ".join(lines[-6:]), flush=True)
    return False


def check(family, work, python):
    folder = work / family
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file = data(family, folder)
    resource = folder / "run.yaml"
    resource.write_text(RESOURCE.format(model=FIXTURES / family, data=file, media=folder))
    log = folder / "run.log"
    if call([HOME / "vlft", "run", "-f", resource, "--work", folder / "work"], log)[0]:
        return failed("vlft run", log)
    trained = folder / "work/claims/models/one-step"
    code, printed = call([HOME / "vlft", "evaluate", "--model", trained, "--data", file, "-o", "json"], folder / "evaluate.log")
    if code:
        return failed("vlft evaluate", folder / "evaluate.log")
    (folder / "evaluation.json").write_text(printed)
    code, printed = call([python, HERE / "load_and_compare.py", trained, file, "--evaluation", folder / "evaluation.json"],
                         folder / "compare.log")
    print(printed, end="", flush=True)
    return code == 0 or (not printed and failed("load_and_compare.py", folder / "compare.log"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("families", nargs="*")
    args = parser.parse_args()
    work = (args.work or pathlib.Path(tempfile.mkdtemp(prefix="vlft-peers-"))).resolve()
    verdicts = {}
    for family in args.families or sorted(file.parent.name for file in FIXTURES.glob("*/golden.json")):
        print(f"\n## {family}", flush=True)
        verdicts[family] = check(family, work, args.python)
    print("\n" + "\n".join(f"{family:12} {'agrees' if good else 'FAILED'}" for family, good in verdicts.items()) + f"\nlogs: {work}")
    return 0 if verdicts and all(verdicts.values()) else 1


sys.exit(main())
