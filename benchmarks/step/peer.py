"""A plain PyTorch loop over the same model and data: transformers' model, fused AdamW, clipping, batches made beforehand.

usage: peer.py FOLDER fp32|bf16 STEPS LOG      (one JSON line a step is appended to LOG)
"""
import json
import os
import pathlib
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import torch
import transformers
from PIL import Image
from tokenizers import Tokenizer
from transformers import CLIPImageProcessorPil, LlavaForConditionalGeneration

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))
import loop  # noqa: E402


def samples(folder):
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    pictures = CLIPImageProcessorPil.from_pretrained(folder)
    made = []
    with open(os.path.join(folder, "train.jsonl")) as file:
        for line in file:
            row = json.loads(line)
            question, answer = (turn["content"].removeprefix("<image>") for turn in row["messages"])
            prompt = f"USER: {'<image>' * 256}\n{question} ASSISTANT:"
            ids = tokenizer.encode(f"{prompt} {answer}</s>").ids
            start = len(tokenizer.encode(prompt).ids)
            pixels = pictures(Image.open(os.path.join(folder, row["images"][0])), return_tensors="pt")["pixel_values"][0]
            made.append((ids, [-100] * start + ids[start:], pixels))
    return made


def batch(rows, pad):
    width = max(len(ids) for ids, _, _ in rows)
    fill = lambda values, by: torch.tensor([row + [by] * (width - len(row)) for row in values])
    return {"input_ids": fill([ids for ids, _, _ in rows], pad), "labels": fill([labels for _, labels, _ in rows], -100),
            "attention_mask": fill([[1] * len(ids) for ids, _, _ in rows], 0),
            "pixel_values": torch.stack([pixels for _, _, pixels in rows])}


def main(folder, precision, steps, log):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    transformers.utils.logging.disable_progress_bar()
    model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    data = samples(folder)
    batches = [batch([data[i] for i in chosen], model.config.pad_token_id) for chosen in loop.rows(len(data), int(steps))]
    loop.train(model, batches, precision, log)


main(*sys.argv[1:])
