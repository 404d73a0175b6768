"""A plain PyTorch loop over the same model and data: transformers' model, fused AdamW, clipping, batches made beforehand.

usage: peer.py FOLDER fp32|bf16 STEPS LOG      (one JSON line a step is appended to LOG)

bf16 is torch.autocast, the usual way to train with Float32 master weights. The order of samples is that of the trainer.
"""
import json
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import torch
import transformers
from PIL import Image
from tokenizers import Tokenizer
from transformers import CLIPImageProcessorPil, LlavaForConditionalGeneration

BATCH, SEED, RATE = 4, 42, 1e-4
MASK = (1 << 64) - 1


def mix(value):
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def order(size, epoch):
    """The trainer's shuffle (io.vlfinetune.trainer.data.Order)."""
    gamma = 0x9E3779B97F4A7C15
    rows, state = list(range(size)), mix((mix((SEED + gamma) & MASK) + (epoch + 1) * gamma) & MASK)
    for i in range(size - 1, 0, -1):
        state = (state + gamma) & MASK
        other = (mix(state) * (i + 1)) >> 64
        rows[i], rows[other] = rows[other], rows[i]
    return rows


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
    model.config.use_cache = model.config.text_config.use_cache = False
    model.train()
    data = samples(folder)
    rows = [order(len(data), epoch) for epoch in range(int(steps) * BATCH // len(data) + 1)]
    rows = [row for epoch in rows for row in epoch]
    batches = [batch([data[i] for i in rows[at:at + BATCH]], model.config.pad_token_id) for at in range(0, int(steps) * BATCH, BATCH)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0, fused=True)
    with open(log, "a") as out:
        for step, inputs in enumerate(batches):
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                loss = model(**inputs).loss
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            out.write(json.dumps({"step": step + 1, "loss": loss.item(), "gradientNorm": norm.item(),
                                  "tokens": inputs["input_ids"].numel()}) + "\n")
            out.flush()


main(*sys.argv[1:])
