"""Makes the checkpoint and data of a shape: 60 to 70 M random parameters, 8 samples.

usage: make_shape.py OUT SHAPE

The proportions decide what freezing saves. `pytorch.py share` counts the multiplications of a forward pass by part.
llava     LLaVA-1.5-7B: the language model dominates. families/shapes.py as it is.
qwen2_vl  Qwen2-VL-2B: the tower works on four patches for each token of the language model. families/shapes.py with smaller pictures.
smolvlm   SmolVLM-256M: the tower works on 16 patches for each token, and has nearly as many parameters as the language model's
          blocks. A shape of its own, since families/shapes.py has half as many tower blocks of half the width beside a language
          model of full width: two thirds of the published widths, depths 8 : 20 for 12 : 30. A picture is four tiles and the whole.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "families"))
import make_bench as families  # noqa: E402
from cases import SAMPLES  # noqa: E402
from shapes import VOCABULARY, decoder, llava, pixels, qwen2_vl, tiles, tower  # noqa: E402


def small_qwen2_vl():
    """144 tokens a picture."""
    return {**qwen2_vl(), "image": pixels(336), "picture": (336, 336)}


def smolvlm():
    """80 tokens a picture and their marks."""
    return dict(text=decoder(384, 1024, 6, 2, 20, head_dim=64), vision=tower(512, 2048, 8, 8, 256, 16),
                top={"vocab_size": VOCABULARY, "scale_factor": 4}, image=tiles(512, 256), processor={"image_seq_len": 16},
                picture=(512, 512))


MADE = {"llava": llava, "qwen2_vl": small_qwen2_vl, "smolvlm": smolvlm}


def main(out, shape):
    made = MADE[shape]()
    made["top"]["torch_dtype"] = "float32"  # what the weights are; LLaMA-Factory takes a partly frozen model's type from it
    families.make(out, shape, made, SAMPLES)


main(*sys.argv[1:])
