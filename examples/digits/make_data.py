"""Makes data/ from source/digits.csv.gz: real handwritten digits as questions about images.

usage: python make_data.py [OUT, default: data beside this script]
"""
import gzip
import pathlib
import sys

import numpy
from PIL import Image

import pictures

HERE = pathlib.Path(__file__).resolve().parent
SIDE, TRAINING, COPIES = 24, 1500, 3
STEPS = 31  # grey steps of a written picture: the source has 16, and the repository stays small
COPY_SEED, SHIFTED_SEED = 7, 99


def originals():
    """The 1,797 digits as (count, 24, 24) in 0..1, white on black, and the digit each of them shows."""
    with gzip.open(HERE / "source" / "digits.csv.gz", "rt") as file:
        table = numpy.loadtxt(file, delimiter=",", dtype=numpy.int64)
    levels = numpy.round(table[:, :64] * 255 / 16).astype(numpy.uint8).reshape(-1, 8, 8)
    grown = [numpy.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for image in levels]
    return numpy.stack(grown) / 255.0, table[:, 64].tolist()


def ask(number, digit, image):
    """Two thirds of the training images ask for the digit, one third whether it is even or odd."""
    if number % 3 == 2:
        return pictures.conversation(pictures.EVEN_OR_ODD, pictures.parity(digit), image)
    return pictures.conversation(pictures.WHICH_DIGIT, pictures.NAMES[digit], image)


def training_lines(images, digits):
    generator = numpy.random.default_rng(COPY_SEED)
    copies = [pictures.warp(images, 8, (0.9, 1.1), 0.08, SIDE, generator) for _ in range(COPIES)]
    for index, digit in enumerate(digits):
        yield ask(index, digit, f"images/{index:04d}.png")
        for copy in range(COPIES):
            yield ask(index + copy + 1, digit, pictures.data_uri(pictures.png(copies[copy][index], STEPS)))


def test_lines(digits):
    for offset, digit in enumerate(digits):
        name = f"images/{TRAINING + offset:04d}.png"
        yield pictures.conversation(pictures.WHICH_DIGIT, pictures.NAMES[digit], name)
        if offset % 2 == 0:
            yield pictures.conversation(pictures.EVEN_OR_ODD, pictures.parity(digit), name)


def shifted_lines(images, digits, out):
    """The same test images as they never occur in training: inverted, pushed aside, noisy, in turn."""
    generator = numpy.random.default_rng(SHIFTED_SEED)
    moved = pictures.warp(images, 5, (0.7, 0.9), 0.125, SIDE, generator)
    noisy = images + 0.3 * pictures.noise(generator, images.shape)
    kinds = (("inverted", 1 - images), ("moved", moved), ("noisy", noisy))
    for offset, digit in enumerate(digits):
        kind, changed = kinds[offset % len(kinds)]
        name = f"ood/{TRAINING + offset:04d}-{kind}.png"
        (out / name).write_bytes(pictures.png(changed[offset], STEPS))
        yield pictures.conversation(pictures.WHICH_DIGIT, pictures.NAMES[digit], name)


def main(out):
    for folder in ("images", "ood"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    images, digits = originals()
    for index, image in enumerate(images):
        (out / "images" / f"{index:04d}.png").write_bytes(pictures.png(image, STEPS))
    pictures.write_lines(out / "train.jsonl", training_lines(images[:TRAINING], digits[:TRAINING]))
    pictures.write_lines(out / "test.jsonl", test_lines(digits[TRAINING:]))
    pictures.write_lines(out / "test-shifted.jsonl", shifted_lines(images[TRAINING:], digits[TRAINING:], out))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "data")
