"""One training step with transformers, written with save_pretrained; then `vlft verify` says what leaked.

usage: verify_peer.py [--work DIR] [family ...]

For every reference model (trainer-image/src/test/resources/fixtures) the same declaration, vision tower and language model
frozen, is carried out twice: once on all their parameters, in Float32, so that everything is stored in another type; and once
as it is often done, on the tower's blocks and the decoder alone, in the stored type, so that position and patch embeddings,
outer norms and the output head train on. The verdict must be 0 and 15, and the leaked tensors as many as differ between the
two models when transformers loads them. Needs requirements.txt. Exit code 0 when all is so.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import torch
import transformers
from PIL import Image
from transformers import AutoModelForImageTextToText

from load_and_compare import Encoder

HOME = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = HOME / "trainer-image/src/test/resources/fixtures"
PROJECTOR = ("merger", "multi_modal_projector", "connector", "image_newline")
FROZEN = """\
apiVersion: vlfinetune.io/v1alpha1
kind: VLFineTune
metadata: {name: projector-only}
spec:
  model: {source: "file://./base"}
  data: {train: [{source: "file://./data.jsonl"}]}
  freeze: {visionTower: true, languageModel: true}
  training: {steps: 1}
  resources: {gpus: 0}
  output: {destination: "pvc://models/projector-only"}
"""


def is_projector(name):
    return any(part in name for part in PROJECTOR)


def as_declared(name):
    return is_projector(name)


def as_often_done(name):
    block = any(part in name for part in (".blocks.", ".layers.", ".layer."))
    decoder = any(part in name for part in (".language_model.", ".text_model."))
    return is_projector(name) or not (block or decoder)


def train(base, folder, trains, dtype):
    """One step of plain SGD on the golden sample, large enough to be seen in BFloat16."""
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_pretrained(base, dtype=dtype).train()
    golden = json.loads((base / "golden.json").read_text())
    picture = Image.open(base / "sample.png").convert("RGB")
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": golden["question"]}]},
                {"role": "assistant", "content": [{"type": "text", "text": golden["answer"]}]}]
    inputs, labels = Encoder(base).encode(messages, [[picture], []])
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(trains(name))
    logits = model(**inputs).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=-100)
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter -= 0.1 * parameter.grad / (parameter.grad.abs().max() + 1e-30)
    model.save_pretrained(folder)


def differing(base, tuned):
    """Parameters outside of the projector that differ, by transformers' own account."""
    before, after = (dict(AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).named_parameters())
                     for folder in (base, tuned))
    return [name for name in before if not is_projector(name) and not torch.equal(before[name], after[name])]


def check(family, work):
    base, good = FIXTURES / family, True
    for name, trains, dtype, expected in (("as declared", as_declared, torch.float32, 0), ("as often done", as_often_done, "auto", 15)):
        folder = work / family / name.replace(" ", "-")
        shutil.rmtree(folder, ignore_errors=True)
        train(base, folder, trains, dtype)
        command = [HOME / "vlft", "verify", "--base", base, "--tuned", folder, "-f", work / "frozen.yaml"]
        shown = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        record = json.loads(subprocess.run([*command, "-o", "json"], stdout=subprocess.PIPE, text=True).stdout or "{}")
        leaked, differ = record.get("leaked", []), differing(base, folder)
        right = shown.returncode == expected and len(leaked) == len(differ)
        good = good and right
        print(f"\n## {family}, frozen {name}\n\n{shown.stdout}\nexit code {shown.returncode} (expected {expected}); {len(leaked)} leaked, "
              f"{len(differ)} differ in transformers: {'right' if right else 'WRONG'}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("families", nargs="*")
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    work = (args.work or pathlib.Path(tempfile.mkdtemp(prefix="vlft-verify-"))).resolve()
    work.mkdir(parents=True, exist_ok=True)
    (work / "frozen.yaml").write_text(FROZEN)
    verdicts = [check(family, work) for family in args.families or sorted(file.parent.name for file in FIXTURES.glob("*/golden.json"))]
    return 0 if all(verdicts) else 1


sys.exit(main())
