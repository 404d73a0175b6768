"""The peer's loop: fused AdamW, clipping, batches made beforehand, samples in the trainer's order.

bf16 is torch.autocast, the usual way to train with Float32 master weights.
"""
import json
import os

import torch

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


def rows(size, steps):
    """The samples of every step, by number."""
    drawn = [row for epoch in range(steps * BATCH // size + 1) for row in order(size, epoch)]
    return [drawn[at:at + BATCH] for at in range(0, steps * BATCH, BATCH)]


def train(model, batches, precision, log):
    """Appends one JSON line a step to `log`."""
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model.config.use_cache = model.config.get_text_config().use_cache = False
    model.train()
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
                                  "tokens": inputs["labels"].numel()}) + "\n")
            out.flush()
