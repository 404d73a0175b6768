"""Writes the images beside this script with Pillow 11.3.0, which they are the reference of.

usage: make_pillow_samples.py   (pip install pillow==11.3.0 numpy)

resize/: source.png, and FILTER-WIDTHxHEIGHT.png as Image.resize makes it.
modes/: one file of every kind that users have, and beside it NAME.expected.png, made as transformers' load_image does:
ImageOps.exif_transpose(Image.open(file)).convert("RGB").
"""
import io
import os
import struct
import zlib

import numpy
import PIL
from PIL import Image, ImageCms, ImageOps

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
    return png(width, height, depth, color, 0, b"".join(b"\0" + row for row in rows))


def png(width, height, depth, color, interlace, rows):

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    data = zlib.compress(rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def thin():
    """Images without a second row or column."""
    files = {}
    for width, height in [(1, 1), (1, 4000), (4000, 1)]:
        image = noisy(width, height, 6)
        files[f"{width}x{height}.png"] = saved(image, "PNG")
        files[f"{width}x{height}.jpg"] = saved(image, "JPEG", quality=85)
        files[f"{width}x{height}.webp"] = saved(image, "WEBP", lossless=True)
    return files


def ink(color):
    """CMYK with Adobe's marker as Pillow writes it, without that marker, and as YCCK, which Pillow only reads."""
    cmyk = color.convert("CMYK")
    noise = numpy.random.default_rng(7).integers(0, 200, (27, 35)).astype(numpy.uint8)
    cmyk = Image.merge("CMYK", [*cmyk.split()[:3], Image.fromarray(noise)])
    adobe = saved(cmyk, "JPEG", quality=90)
    marker = adobe.index(b"\xff\xee\x00\x0eAdobe")
    ycck = adobe[: marker + 15] + b"\x02" + adobe[marker + 16 :]
    return {
        "cmyk.jpg": adobe,
        "cmyk-progressive.jpg": saved(cmyk, "JPEG", quality=75, progressive=True),
        "cmyk-plain.jpg": adobe[:marker] + adobe[marker + 16 :],
        "ycck.jpg": ycck,
    }


def turned(color):
    """All orientations of EXIF, in every kind of file; XMP's word where EXIF has none; and metadata that are damaged."""
    files = {}
    for number in range(1, 10):
        exif = Image.Exif()
        exif[0x0112] = number
        files[f"exif-{number}.jpg"] = saved(color, "JPEG", quality=90, exif=exif)
        files[f"exif-{number}.png"] = saved(color, "PNG", exif=exif)
    big = Image.Exif()
    big[0x0112] = 6
    files["exif.webp"] = saved(color, "WEBP", lossless=True, exif=big)
    big.endian = ">"
    files["exif-big-endian.jpg"] = saved(color, "JPEG", quality=90, exif=big)
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'
    files["xmp.jpg"] = saved(color, "JPEG", quality=90, xmp=xmp)
    files["xmp.webp"] = saved(color, "WEBP", lossless=True, xmp=xmp)
    files["exif-before-xmp.jpg"] = saved(color, "JPEG", quality=90, xmp=xmp, exif=big)
    return files


def animated(color, transparent):
    other = color.transpose(Image.Transpose.ROTATE_180)
    lossless = {"save_all": True, "lossless": True, "duration": 100}
    whole = saved(color, "WEBP", append_images=[other], **lossless)
    return {
        "animated.webp": whole,
        "animated-alpha.webp": saved(transparent, "WEBP", append_images=[other.convert("RGBA")], exact=True, **lossless),
        "animated-corner.webp": on_canvas(whole, 50, 40, 6, 4),
    }


def on_canvas(animation, width, height, left, top):
    """The animation with its first frame on a larger canvas, as other programs than Pillow write it."""

    def number(value):
        return struct.pack("<I", value)[:3]

    assert animation[12:16] == b"VP8X"
    frame = animation.index(b"ANMF") + 8
    parts = [animation[:24], number(width - 1), number(height - 1), animation[30:frame]]
    parts += [number(left // 2), number(top // 2), animation[frame + 6 :]]
    return b"".join(parts)


def saved_interlaced(image):
    """Adam7, which Pillow does not write."""
    pixels = numpy.asarray(image)
    rows = b""
    for x, y, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        rows += b"".join(b"\0" + row.tobytes() for row in pixels[y::dy, x::dx])
    return png(image.width, image.height, 8, 2, 1, rows)


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
        **thin(),
        **ink(color),
        **turned(color),
        **animated(color, transparent),
        "interlaced.png": saved_interlaced(color),
        "lossless.webp": saved(color, "WEBP", lossless=True),
        "lossless-alpha.webp": saved(transparent, "WEBP", lossless=True, exact=True),
        "lossy.webp": saved(smooth, "WEBP", quality=90),
    }
    for name, content in files.items():
        with open(os.path.join(folder, name), "wb") as out:
            out.write(content)
        ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB").save(os.path.join(folder, name + ".expected.png"))
    with open(os.path.join(folder, "other.gif"), "wb") as out:
        out.write(saved(color, "GIF"))


if __name__ == "__main__":
    if PIL.__version__ != "11.3.0":
        raise SystemExit(f"needs Pillow 11.3.0, not {PIL.__version__}")
    for make in (resize, modes):
        os.makedirs(os.path.join(HERE, make.__name__), exist_ok=True)
        make(os.path.join(HERE, make.__name__))
