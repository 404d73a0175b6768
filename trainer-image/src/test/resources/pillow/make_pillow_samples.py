"""Writes the images beside this script with Pillow 11.3.0, which they are the reference of.

usage: make_pillow_samples.py   (pip install pillow==11.3.0 numpy)

resize/: source.png, and FILTER-WIDTHxHEIGHT.png as Image.resize makes it.
modes/: one file of every kind that users have, and beside it NAME.expected.png: Image.open(file).convert("RGB").
"""
import io
import os
import struct
import zlib

import numpy
import PIL
from PIL import Image, ImageCms

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = [(28, 28), (110, 90), (13, 43), (61, 9), (1, 1), (7, 80), (61, 43)]
FILTERS = {"lanczos": 1, "bilinear": 2, "bicubic": 3}


def noisy(width, height, seed):
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    base = numpy.stack([x * 255 // max(1, width - 1), y * 255 // max(1, height - 1), (x * 7 + y * 13) % 256], -1)
    noise = random.integers(-60, 60, base.shape)
    pixels = numpy.clip(base + noise, 0, 255).astype(numpy.uint8)
    pixels[height // 4 : height // 2, width // 4 : width // 2] = random.choice([0, 255], 3)
    return Image.fromarray(pixels)


def resize(folder):
    source = noisy(61, 43, 1)
    source.save(os.path.join(folder, "source.png"))
    for name, number in FILTERS.items():
        for width, height in SIZES:
            source.resize((width, height), number).save(os.path.join(folder, f"{name}-{width}x{height}.png"))


def raw_png(width, height, depth, color, rows):
    """A PNG of a kind that Pillow does not write."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def modes(folder):
    color = noisy(35, 27, 2)
    alpha = Image.fromarray(numpy.random.default_rng(3).integers(0, 256, (27, 35)).astype(numpy.uint8))
    transparent = color.copy()
    transparent.putalpha(alpha)
    wide = numpy.random.default_rng(4).integers(0, 65536, (27, 35, 4)).astype(">u2")
    narrow = [bytes(range(r * 9, r * 9 + 9)) for r in range(27)]
    smooth = color.resize((5, 4)).resize((35, 27), Image.Resampling.BICUBIC)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    files = {
        "rgb.png": saved(color, "PNG"),
        "rgb-profile.png": saved(color, "PNG", icc_profile=srgb),
        "rgba.png": saved(transparent, "PNG"),
        "grey.png": saved(color.convert("L"), "PNG"),
        "grey-alpha.png": saved(transparent.convert("LA"), "PNG"),
        "bit.png": saved(color.convert("1"), "PNG"),
        "palette.png": saved(color.quantize(40), "PNG"),
        "palette-transparent.png": saved(color.quantize(40), "PNG", transparency=3),
        "rgb-transparent.png": saved(color, "PNG", transparency=color.getpixel((3, 3))),
        "grey-2bit.png": raw_png(36, 27, 2, 0, narrow),
        "grey-4bit.png": raw_png(18, 27, 4, 0, narrow),
        "grey-16bit.png": raw_png(35, 27, 16, 0, [(wide[r, :, 0] % 600).astype(">u2").tobytes() for r in range(27)]),
        "grey-alpha-16bit.png": raw_png(35, 27, 16, 4, [wide[r, :, :2].tobytes() for r in range(27)]),
        "rgb-16bit.png": raw_png(35, 27, 16, 2, [wide[r, :, :3].tobytes() for r in range(27)]),
        "rgba-16bit.png": raw_png(35, 27, 16, 6, [wide[r].tobytes() for r in range(27)]),
        "rgb.jpg": saved(color, "JPEG", quality=85),
        "rgb-444.jpg": saved(color, "JPEG", quality=90, subsampling=0),
        "rgb-422.jpg": saved(color, "JPEG", quality=70, subsampling=1),
        "progressive.jpg": saved(color, "JPEG", quality=75, progressive=True),
        "kept-rgb.jpg": saved(color, "JPEG", quality=80, keep_rgb=True),
        "profile.jpg": saved(color, "JPEG", quality=80, icc_profile=srgb),
        "grey.jpg": saved(color.convert("L"), "JPEG", quality=80),
        "lossless.webp": saved(color, "WEBP", lossless=True),
        "lossless-alpha.webp": saved(transparent, "WEBP", lossless=True, exact=True),
        "lossy.webp": saved(smooth, "WEBP", quality=90),
    }
    for name, content in files.items():
        with open(os.path.join(folder, name), "wb") as out:
            out.write(content)
        Image.open(io.BytesIO(content)).convert("RGB").save(os.path.join(folder, name + ".expected.png"))
    for name, content in {"cmyk.jpg": saved(color.convert("CMYK"), "JPEG"), "other.gif": saved(color, "GIF")}.items():
        with open(os.path.join(folder, name), "wb") as out:
            out.write(content)


if __name__ == "__main__":
    if PIL.__version__ != "11.3.0":
        raise SystemExit(f"needs Pillow 11.3.0, not {PIL.__version__}")
    for make in (resize, modes):
        os.makedirs(os.path.join(HERE, make.__name__), exist_ok=True)
        make(os.path.join(HERE, make.__name__))
