"""Exact parameter counts and tensor shapes of published models, from their configuration alone.

usage: published_counts.py [--check] [model ...]

Builds each model of trainer-image/src/test/resources/published on PyTorch's meta device with transformers (no memory, no
weights) and writes counts.json and tensors.json.gz beside its config.json; --check compares with what lies there instead.
The formats are described in published/README.md.
"""
import argparse
import gzip
import json
import math
import os
import pathlib
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from transformers import AutoConfig, AutoModelForImageTextToText

RESOURCES = pathlib.Path(__file__).resolve().parents[2] / "trainer-image/src/test/resources"
PUBLISHED = RESOURCES / "published"
sys.path.insert(0, str(RESOURCES / "fixtures/tools"))
from fixture_roles import role_of  # noqa: E402  (the same table of roles as the fixtures')

# transformers 5's names -> those in the published files, by model_type.
RENAMED = {
    "qwen2_5_vl": [("model.visual.", "visual."), ("model.language_model.", "model.")],
    "llava": [("model.vision_tower.", "vision_tower.vision_model."), ("model.multi_modal_projector.", "multi_modal_projector."),
              ("model.language_model.", "language_model.model."), ("lm_head.", "language_model.lm_head.")],
}
TYPES = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}


def published_name(family, name):
    for ours, theirs in RENAMED[family]:
        if name.startswith(ours):
            return theirs + name[len(ours):]
    return name


def shapes(config):
    """transformers' parameter names and shapes; a tied output head is not stored, so it is left out."""
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config)
    unique = {name: list(value.shape) for name, value in model.named_parameters()}
    if len(unique) != sum(1 for name in model.state_dict() if not name.endswith("inv_freq")):
        tied = set(model.state_dict()) - set(unique)
        if tied != {"lm_head.weight"}:
            raise ValueError(f"stored but no parameter: {sorted(tied)}")
    return unique


def count(family, tensors):
    roles = {}
    for name, shape in tensors.items():
        role = role_of(family, name)
        roles[role] = roles.get(role, 0) + math.prod(shape)
    part = lambda prefix: sum(number for role, number in roles.items() if role.startswith(prefix))
    return {"total": sum(roles.values()), "tensors": len(tensors), "visionTower": part("vision."), "projector": part("projector"),
            "visionTowerWithProjector": part("vision.") + part("projector"), "languageModel": part("llm."),
            "tokenEmbedding": roles["llm.embed"], "outputHead": roles.get("llm.head", 0), "tiedOutputHead": "llm.head" not in roles,
            "roles": dict(sorted(roles.items()))}


def describe(folder):
    source = json.loads((folder / "source.json").read_text())
    written = json.loads((folder / "config.json").read_text())
    family = written["model_type"]
    named = shapes(AutoConfig.from_pretrained(folder))
    tensors = {published_name(family, name): shape for name, shape in named.items()}
    counts = {"model": source["model"], "dtype": TYPES[written["torch_dtype"]], **count(family, tensors)}
    size = counts["total"] * (4 if counts["dtype"] == "F32" else 2)
    if source["checkpointBytes"] not in (None, size):
        raise ValueError(f"{folder.name}: {size} bytes of tensors, but the published index says {source['checkpointBytes']}")
    return counts, {"dtype": counts["dtype"], "published": dict(sorted(tensors.items())), "transformers5": dict(sorted(named.items()))}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("models", nargs="*")
    args = parser.parse_args()
    for name in args.models or sorted(folder.name for folder in PUBLISHED.iterdir() if folder.is_dir()):
        folder = PUBLISHED / name
        counts, tensors = describe(folder)
        text = json.dumps(counts, indent=1) + "\n"
        packed = folder / "tensors.json.gz"
        if args.check:
            if (folder / "counts.json").read_text() != text or json.loads(gzip.decompress(packed.read_bytes())) != tensors:
                sys.exit(f"{name}: counts.json or tensors.json.gz is not what transformers says")
        else:
            (folder / "counts.json").write_text(text)
            packed.write_bytes(gzip.compress(json.dumps(tensors, separators=(",", ":")).encode(), mtime=0))
        million = {key: round(value / 1e6, 2) for key, value in counts.items() if isinstance(value, int) and value > 1000}
        print(name, million, flush=True)


main()
