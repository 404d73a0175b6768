"""Makes a family's bench checkpoint (50 to 100 M random parameters, see shapes.py) and data (one picture, about 300 tokens).

usage: make_bench.py OUT FAMILY
"""
import json
import os
import pathlib
import random
import shutil
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from PIL import Image
from transformers import AutoConfig, AutoModelForImageTextToText

from shapes import FAMILIES

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "trainer-image/src/test/resources/fixtures"
SAMPLES, WORDS = 64, "red green blue yellow black white circle square triangle line zero one two three four five six seven".split()


def changed(fixture, name, out, change):
    """A file of the reference model with some keys changed; nothing where there is none."""
    if (fixture / name).exists():
        (out / name).write_text(json.dumps({**json.loads((fixture / name).read_text()), **change}, indent=1))


def write_config(fixture, made, out):
    config = {**json.loads((fixture / "config.json").read_text()), **made.get("top", {})}
    for key, part in (("text_config", "text"), ("vision_config", "vision")):
        if part in made:
            config[key] = {**config[key], **made[part]}
    (out / "config.json").write_text(json.dumps(config, indent=1))


def write_data(out, picture, count):
    draw, (width, height) = random.Random(0), picture
    (out / "images").mkdir(exist_ok=True)
    with open(out / "train.jsonl", "w") as file:
        for index in range(count):
            Image.frombytes("RGB", picture, draw.randbytes(width * height * 3)).save(out / "images" / f"{index}.png")
            answer = " ".join(draw.choice(WORDS) for _ in range(24))
            file.write(json.dumps({"messages": [{"role": "user", "content": "<image>What is drawn in the image?"},
                                                {"role": "assistant", "content": answer}], "images": [f"images/{index}.png"]}) + "\n")


def make(out, family, made, count=SAMPLES):
    """A checkpoint and `count` samples; `made` is what a function of shapes.py gives."""
    transformers.utils.logging.disable_progress_bar()
    fixture, out = FIXTURES / family, pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.json", "generation_config.json",
                 "video_preprocessor_config.json"):
        if (fixture / name).exists():
            shutil.copyfile(fixture / name, out / name)
    write_config(fixture, made, out)
    written = (out / "config.json").read_text()
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(out)).float()
    for value in model.parameters():
        if value.dim() > 1 and not value.any():  # Gemma 3's projection: zeros before a norm make gradients explode
            torch.nn.init.normal_(value, std=0.02)
    print(family, sum(p.numel() for p in model.parameters()), "parameters", flush=True)
    model.save_pretrained(out)
    (out / "config.json").write_text(written)  # in the published style, not in that of transformers 5
    changed(fixture, "preprocessor_config.json", out, made["image"])
    changed(fixture, "processor_config.json", out, made.get("processor", {}))
    write_data(out, made["picture"], count)


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2], FAMILIES[sys.argv[2]]())
