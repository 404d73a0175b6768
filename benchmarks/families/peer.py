"""A plain PyTorch loop over the same model and data, for any family: transformers' model and processor, batches made beforehand.

usage: peer.py FOLDER fp32|bf16 STEPS LOG      (one JSON line a step is appended to LOG)

Inputs and labels are those of e2e/peers/load_and_compare.py, the loop is that of ../common/loop.py.
"""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
sys.path[:0] = [str(HERE.parent / "common"), str(HERE.parents[1] / "e2e/peers")]

import torch  # noqa: E402
import transformers  # noqa: E402
from transformers import AutoModelForImageTextToText  # noqa: E402

import loop  # noqa: E402
from load_and_compare import Encoder, read, samples  # noqa: E402

PER_TOKEN = ("attention_mask", "mm_token_type_ids", "token_type_ids")


def collate(rows, pad):
    """Right padding; the pictures of a bench are of one size, so their tensors are put one after the other."""
    width = max(row["input_ids"].shape[1] for row in rows)
    fill = lambda key, by: torch.cat([torch.nn.functional.pad(row[key], (0, width - row[key].shape[1]), value=by) for row in rows])
    by = {"input_ids": pad, "labels": -100, **dict.fromkeys(PER_TOKEN, 0)}
    return {key: fill(key, by[key]) if key in by else torch.cat([row[key] for row in rows]) for key in rows[0]}


def batches(folder, steps):
    """The batches of every step, made beforehand."""
    encoder, data = Encoder(folder), samples(folder / "train.jsonl")
    drawn = loop.rows(len(data), steps)
    made = {}
    for row in sorted(set(sum(drawn, []))):
        inputs, labels = encoder.encode(*read(data[row], folder))
        made[row] = {**inputs, "labels": labels}
    return [collate([made[row] for row in chosen], encoder.tokenizer.pad_token_id) for chosen in drawn]


def load(folder):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    transformers.utils.logging.disable_progress_bar()
    return AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)


def main(folder, precision, steps, log):
    folder = pathlib.Path(folder)
    loop.train(load(folder), batches(folder, int(steps)), precision, log)


if __name__ == "__main__":
    main(*sys.argv[1:])
