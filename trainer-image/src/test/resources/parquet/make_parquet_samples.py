"""Writes the Parquet files beside this script as Hugging Face's datasets and others write them.

usage: make_parquet_samples.py   (pip install pyarrow==26.0.1)

The images are the PNG files in ../pillow/modes. What is in them is told by main(), and expected by ParquetTest.
"""
import json
import os

import pyarrow
from pyarrow import parquet

HERE = os.path.dirname(os.path.abspath(__file__))
MODES = os.path.join(HERE, "..", "pillow", "modes")
NAMES = ["rgb.png", "grey.png", "palette.png", "rgba.png", "bit.png"]

IMAGE = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
MESSAGES = pyarrow.list_(pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())]))
PARTS = pyarrow.list_(
    pyarrow.struct(
        [
            ("role", pyarrow.string()),
            (
                "content",
                pyarrow.list_(
                    pyarrow.struct([("type", pyarrow.string()), ("text", pyarrow.string()), ("index", pyarrow.int64())])
                ),
            ),
        ]
    )
)
TURNS = pyarrow.list_(pyarrow.struct([("from", pyarrow.string()), ("value", pyarrow.string())]))


def image_file(name):
    with open(os.path.join(MODES, name), "rb") as file:
        return file.read()


def images(count, first):
    return [{"bytes": image_file(NAMES[(first + i) % 5]), "path": NAMES[(first + i) % 5]} for i in range(count)]


def messages(number, marks):
    return [
        {"role": "user", "content": "<image>" * marks + f"Question {number}?"},
        {"role": "assistant", "content": f"Answer {number} €."},
    ]


def parts(number, marks):
    blank = {"text": None, "index": None}
    question = [{**blank, "type": "image", "index": i} for i in range(marks)]
    question.append({**blank, "type": "text", "text": f"Question {number}?"})
    answer = [{**blank, "type": "text", "text": f"Answer {number} €."}]
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def turns(number, marks):
    return [
        {"from": "human", "value": "<image>\n" * marks + f"Question {number}?"},
        {"from": "gpt", "value": f"Answer {number} €."},
    ]


def write(name, columns, types, **options):
    table = pyarrow.table(columns, schema=pyarrow.schema(types))
    parquet.write_table(table, os.path.join(HERE, name + ".parquet"), **options)


def main():
    rows = range(7)
    marks = [number % 3 for number in rows]  # 0, 1, 2, 0, ...: text alone in between
    lists = [images(count, number) for number, count in zip(rows, marks)]
    dialogue = {"messages": [messages(number, count) for number, count in zip(rows, marks)], "images": lists}
    types = [("messages", MESSAGES), ("images", pyarrow.list_(IMAGE))]
    for codec in ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]:
        write("codec-" + codec, dialogue, types, compression=codec, row_group_size=3)
    # A page a row. Not with dictionaries: pyarrow would write pages without values, for which 64 bytes are enough.
    pages = {"data_page_size": 64, "write_batch_size": 1, "use_dictionary": False}
    write("page-index", dialogue, types, write_page_index=True, row_group_size=5, **pages)
    write("page-v2", dialogue, types, data_page_version="2.0", use_dictionary=False)
    write("old-lists", dialogue, types, use_compliant_nested_type=False)
    write(
        "parts",
        {"id": list(rows), "messages": [parts(number, count) for number, count in zip(rows, marks)], "images": lists},
        [("id", pyarrow.int64()), ("messages", PARTS), ("images", pyarrow.list_(IMAGE))],
    )
    one = [number % 2 for number in rows]
    single = [images(1, number)[0] if count else None for number, count in zip(rows, one)]
    conversations = [turns(number, count) for number, count in zip(rows, one)]
    write("image", {"conversations": conversations, "image": single}, [("conversations", TURNS), ("image", IMAGE)])
    write(
        "binary",
        {"conversations": conversations, "image": [image and image["bytes"] for image in single]},
        [("conversations", TURNS), ("image", pyarrow.binary())],
    )
    write(
        "json",
        {"messages": [json.dumps(messages(number, count)) for number, count in zip(rows, marks)], "images": lists},
        [("messages", pyarrow.string()), ("images", pyarrow.list_(IMAGE))],
    )
    paths = [{"bytes": None, "path": "a.png"}]
    write(
        "paths",
        {"messages": [messages(0, 1)] * 2, "images": [paths] * 2},
        types,
    )
    bad(dialogue, types)


def bad(dialogue, types):
    """Row 5 of each is bad; the rows before it are good."""
    few = [list(row) for row in dialogue["images"]]
    few[5] = few[5][:1]
    write("bad-marks", {**dialogue, "images": few}, types, row_group_size=3)
    empty = [list(row) for row in dialogue["images"]]
    empty[5] = [empty[5][0], {"bytes": None, "path": None}]
    write("bad-image", {**dialogue, "images": empty}, types, row_group_size=3)
    broken = [list(row) for row in dialogue["images"]]
    broken[5] = [broken[5][0], {"bytes": b"GIF89a", "path": "x.gif"}]
    write("broken-image", {**dialogue, "images": broken}, types, row_group_size=3)
    text = [json.dumps(row) for row in dialogue["messages"]]
    text[5] = text[5][:20]
    write("bad-json", {**dialogue, "messages": text}, [("messages", pyarrow.string()), types[1]], row_group_size=3)
    write("no-dialogue", {"text": ["a"], "image": [b""]}, [("text", pyarrow.string()), ("image", pyarrow.binary())])
    # A few hundred bytes which stand for 4 million elements in one row, and for 600 MB in one value.
    write("bomb-elements", {"messages": [[None] * 4_000_000]}, types[:1], compression="zstd")
    write("bomb-value", {"messages": ["x" * (600 << 20)]}, [("messages", pyarrow.string())], compression="zstd", write_statistics=False)


if __name__ == "__main__":
    if pyarrow.__version__ != "26.0.1":
        raise SystemExit(f"needs pyarrow 26.0.1, not {pyarrow.__version__}")
    main()
