"""Does transformers load a trained model folder, and does it compute the loss that `vlft evaluate` printed?

usage: load_and_compare.py MODEL DATA --evaluation FILE [--media-root DIR] [--tolerance 2e-6]

MODEL is an output folder of the trainer, DATA a file of OpenAI messages (.jsonl or a .json list; content as a string with
<image> marks and `images` beside it, or as parts), FILE what `vlft evaluate --model MODEL --data DATA -o json` printed.
Everything else is transformers': weights, processor (Pillow's resize), chat template, model, in Float32. A position carries
loss when its token lies in an answer, its end token included; where the template leaves the end token to generation
(LLaVA-1.5) it is put after the answer. Prints a table; exit code 0 when both losses agree, 1 when not.
"""
import argparse
import json
import os
import pathlib
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import torch
import transformers
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor

MARK = "<image>"


def samples(file):
    text = file.read_text(encoding="utf-8")
    return json.loads(text) if file.suffix == ".json" else [json.loads(line) for line in text.splitlines() if line.strip()]


def parts(content):
    """A string with marks as a list of parts; the newline or blanks beside a mark belong to the mark."""
    if not isinstance(content, str):
        return [part for part in content if part["type"] != "text" or part["text"]]
    made = []
    for index, piece in enumerate(content.split(MARK)):
        made += [{"type": "image"}] if index else []
        piece = piece.lstrip() if index else piece
        piece = piece.rstrip() if index < content.count(MARK) else piece
        made += [{"type": "text", "text": piece}] if piece else []
    return made


def read(sample, media):
    """Messages as lists of parts, and the pictures of each message."""
    waiting = iter(sample.get("images") or ([sample["image"]] if "image" in sample else []))
    messages, pictures = [], []
    for message in sample["messages"]:
        content = parts(message["content"])
        names = [part.get("path") or part.get("image") or part.get("url") or next(waiting)
                 for part in content if part["type"] == "image"]
        pictures.append([Image.open(media / name).convert("RGB") for name in names])
        messages.append({"role": message["role"],
                         "content": [{"type": "image"} if part["type"] == "image" else part for part in content]})
    return messages, pictures


class Encoder:
    def __init__(self, folder):
        self.processor = AutoProcessor.from_pretrained(folder)
        self.processor.image_processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
        self.tokenizer = self.processor.tokenizer
        self.marks = [token.content for token in self.tokenizer.added_tokens_decoder.values() if token.special]

    def render(self, messages, prompt=False):
        return self.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt) if messages else ""

    def tokens(self, text, pictures):
        bos = self.tokenizer.bos_token
        add = bos is None or not text.startswith(bos)
        return self.processor(text=[text], images=[pictures] if pictures else None, add_special_tokens=add, return_tensors="pt")

    def text(self, messages):
        """The whole conversation, and per answer where it begins, where its end token ends, and the number of its message."""
        text, before, answers = "", "", []
        for index, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            prompt, after = self.render(messages[:index], prompt=True), self.render(messages[:index + 1])
            if not prompt.startswith(before) or not after.startswith(prompt):
                raise ValueError("the template renders an earlier turn differently once there is a later one")
            text += prompt[len(before):]
            start, answer = len(text), after[len(prompt):]
            shown = answer.rstrip()
            if not any(shown.endswith(mark) for mark in self.marks):
                shown = answer = answer.rstrip(" ") + self.tokenizer.eos_token
            answers.append((start, start + len(shown), index))
            text, before = text + answer, after
        return text + self.render(messages)[len(before):], answers

    def encode(self, messages, pictures):
        text, answers = self.text(messages)
        inputs = self.tokens(text, sum(pictures, []))
        labels = torch.full_like(inputs["input_ids"], -100)
        for start, stop, index in answers:
            shown = sum(pictures[:index], [])
            first, last = (self.prefix(text[:cut], shown, inputs["input_ids"][0]) for cut in (start, stop))
            labels[0, first:last] = inputs["input_ids"][0, first:last]
        return inputs, labels

    def prefix(self, text, pictures, ids):
        head = self.tokens(text, pictures)["input_ids"][0]
        if not torch.equal(head, ids[:len(head)]):
            raise ValueError("a token reaches across the border of an answer; choose a sample where none does")
        return len(head)


def losses(model, encoder, file, media):
    total, count, rows = 0.0, 0, samples(file)
    for row in rows:
        inputs, labels = encoder.encode(*read(row, media))
        with torch.no_grad():
            logits = model(**inputs).logits
        wanted = labels[:, 1:].flatten()
        total += torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), wanted, ignore_index=-100, reduction="sum").item()
        count += int((wanted != -100).sum())
    return len(rows), count, total / count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--evaluation", type=pathlib.Path, required=True)
    parser.add_argument("--media-root", type=pathlib.Path)
    parser.add_argument("--tolerance", type=float, default=2e-6, help="relative; default: %(default)s")
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    ours = json.loads(args.evaluation.read_text())
    model, info = AutoModelForImageTextToText.from_pretrained(args.model, dtype=torch.float32, output_loading_info=True)
    strange = sorted(info["missing_keys"]) + sorted(info["unexpected_keys"]) + sorted(str(key) for key in info["mismatched_keys"])
    number, tokens, loss = losses(model.eval(), Encoder(args.model), args.data, args.media_root or args.data.parent)
    difference = abs(loss - ours["loss"]) / abs(loss)
    print(f"| {'':24} | trainer | transformers {transformers.__version__} |\n|---|---|---|")
    print(f"| samples | {ours['samples']} | {number} |\n| tokens with loss | {ours['tokens']} | {tokens} |")
    print(f"| loss | {ours['loss']:.9f} | {loss:.9f} |\n| relative difference | {difference:.2e} | at most {args.tolerance:.0e} |")
    print(f"| keys missing, unexpected or of another shape | | {', '.join(strange[:5]) or 'none'} |")
    same = (number, tokens) == (ours["samples"], ours["tokens"]) and difference <= args.tolerance and not strange
    print("agree" if same else "DO NOT AGREE")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
