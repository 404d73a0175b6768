"""What the data scripts share: moving pictures, noise, PNG files and conversation lines.

Pictures are float arrays of shape (count, height, width) or (count, 3, height, width) with values 0..1.
Only additions, multiplications and tables rounded to 12 digits are used on them, so that every machine draws the same pixels.
"""
import base64
import io
import json
import math

import numpy
from PIL import Image

NAMES = "zero one two three four five six seven eight nine".split()
WHICH_DIGIT = "Which digit is this?"
EVEN_OR_ODD = "Is it even or odd?"
WHAT_IS_DRAWN = "What is drawn in the image?"


def parity(digit):
    return "odd" if digit % 2 else "even"


def noise(generator, shape):
    """Nearly normal, mean 0 and standard deviation 1: the sum of four uniform values."""
    a, b, c, d = (generator.random(shape) for _ in range(4))
    return (((a + b) + (c + d)) - 2.0) * math.sqrt(3.0)


def uniform(generator, low, high, count):
    return low + (high - low) * generator.random(count)


def turned(degrees):
    """Cosine and sine of each angle, rounded so that they do not depend on the mathematics library."""
    radians = [value * math.pi / 180 for value in degrees.tolist()]
    return (numpy.array([round(function(value), 12) for value in radians]) for function in (math.cos, math.sin))


def warp(images, degrees, scale, shift, side, generator):
    """Turns by at most `degrees`, scales by a factor within `scale`, shifts by at most `shift` of the width.

    images: (count, height, width); the answer is (count, side, side). Outside of an image everything is 0.
    Output pixels look back into the input (inverse map) and mix its four nearest pixels (bilinear).
    """
    count, height, width = images.shape
    cosine, sine = (value[:, None, None] for value in turned(uniform(generator, -degrees, degrees, count)))
    shrink = (1 / uniform(generator, *scale, count))[:, None, None]
    right = uniform(generator, -2 * shift, 2 * shift, count)[:, None, None]
    down = uniform(generator, -2 * shift, 2 * shift, count)[:, None, None]
    centres = (2 * numpy.arange(side) + 1) / side - 1
    x, y = centres[None, None, :] - right, centres[None, :, None] - down
    column = (((x * cosine - y * sine) * shrink + 1) * width - 1) / 2
    row = (((x * sine + y * cosine) * shrink + 1) * height - 1) / 2
    return sample(images, row, column)


def sample(images, row, column):
    """Bilinear mixture at fractional positions, shape (count, side, side); what lies outside counts as 0."""
    count, height, width = images.shape
    framed = numpy.zeros((count, height + 2, width + 2))
    framed[:, 1:-1, 1:-1] = images
    row, column = numpy.clip(row + 1, 0, height + 1), numpy.clip(column + 1, 0, width + 1)
    top = numpy.minimum(row.astype(int), height)
    left = numpy.minimum(column.astype(int), width)
    below, beside = row - top, column - left
    which = numpy.arange(count)[:, None, None]
    upper = framed[which, top, left] * (1 - beside) + framed[which, top, left + 1] * beside
    lower = framed[which, top + 1, left] * (1 - beside) + framed[which, top + 1, left + 1] * beside
    return upper * (1 - below) + lower * below


def png(image, steps=255):
    """The PNG bytes of one picture: grey from (height, width), colour from (3, height, width).

    Fewer steps between black and white than 255 make a smaller file.
    """
    levels = numpy.round(numpy.round(numpy.clip(image, 0, 1) * steps) * (255 / steps)).astype(numpy.uint8)
    if levels.ndim == 3:
        levels = numpy.ascontiguousarray(levels.transpose(1, 2, 0))
    stream = io.BytesIO()
    Image.fromarray(levels).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def data_uri(content):
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def conversation(question, answer, image):
    """One line of a data file; image is a path relative to the media root or a data URI."""
    messages = [{"role": "user", "content": "<image>" + question}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": messages, "images": [image]}, separators=(",", ":")) + "\n"


def write_lines(path, lines):
    with open(path, "w", encoding="ascii", newline="\n") as file:
        file.writelines(lines)
