"""Draws digits and shapes in colours: the visual task on which the base model is trained before it sees handwriting.

usage: python make_pretraining.py OUT.jsonl [samples, default 24000] [seed, default 1]
"""
import pathlib
import sys

import numpy

import pictures

SIDE, CANVAS, BLOCK = 28, 40, 1000
DEGREES, SCALE, SHIFT = 15, (0.9, 1.4), 0.05
PLAIN, NOISE = 0.3, 0.05  # share of pictures in white on black; standard deviation of the others' noise
SHAPES = "circle square triangle line".split()
GLYPHS = [  # zero to nine, seven rows of five dots each
    "01110100011001110101110011000101110", "00100011000010000100001000010001110",
    "01110100010000100010001000100011111", "11111000100010000010000011000101110",
    "00010001100101010010111110001000010", "11111100001111000001000011000101110",
    "00110010001000011110100011000101110", "11111000010001000100010000100001000",
    "01110100011000101110100011000101110", "01110100011000101111000010001001100",
]


def stencils():
    """Ten glyphs and four shapes as (14, 40, 40) masks of 0 and 1."""
    masks = numpy.zeros((len(GLYPHS) + len(SHAPES), CANVAS, CANVAS))
    for mask, dots in zip(masks, GLYPHS):
        glyph = numpy.array([float(dot) for dot in dots]).reshape(7, 5)
        mask[6:34, 10:30] = glyph.repeat(4, axis=0).repeat(4, axis=1)
    line = numpy.linspace(-1, 1, CANVAS)
    x, y = line[None, :], line[:, None]
    triangle = (y < 0.6) & (y > -0.7) & (abs(x) < (y + 0.7) / 2)
    shapes = (x * x + y * y < 0.5, (abs(x) < 0.6) & (abs(y) < 0.6), triangle, abs(x) < 0.15)
    for mask, shape in zip(masks[len(GLYPHS):], shapes):
        mask[:] = shape
    return masks


def paint(masks, generator):
    """Colours for figure and ground, far enough apart to be seen; (count, side, side) to (count, 3, side, side)."""
    count = len(masks)
    ground, figure = generator.random((count, 3, 1, 1)), generator.random((count, 3, 1, 1))
    near = abs(ground - figure).mean(axis=(1, 2, 3)) < 0.3
    figure[near] = (ground[near] + 0.5) % 1.0
    mask = masks[:, None]
    coloured = ground * (1 - mask) + figure * mask
    coloured = coloured + NOISE * pictures.noise(generator, coloured.shape)
    plain = generator.random((count, 1, 1, 1)) < PLAIN
    return numpy.where(plain, mask, coloured)


def describe(kind, number, image):
    if kind >= len(GLYPHS):
        return pictures.conversation(pictures.WHAT_IS_DRAWN, SHAPES[kind - len(GLYPHS)], image)
    if number % 4 == 3:
        return pictures.conversation(pictures.EVEN_OR_ODD, pictures.parity(kind), image)
    return pictures.conversation(pictures.WHICH_DIGIT, pictures.NAMES[kind], image)


def lines(samples, seed):
    generator, stock = numpy.random.default_rng(seed), stencils()
    for start in range(0, samples, BLOCK):
        kinds = generator.integers(0, len(stock), min(BLOCK, samples - start))
        masks = pictures.warp(stock[kinds], DEGREES, SCALE, SHIFT, SIDE, generator)
        for offset, (kind, image) in enumerate(zip(kinds.tolist(), paint(masks, generator))):
            yield describe(kind, start + offset, pictures.data_uri(pictures.png(image)))


def main(out, samples=24000, seed=1):
    path = pathlib.Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures.write_lines(path, lines(int(samples), int(seed)))


if __name__ == "__main__":
    main(*sys.argv[1:])
