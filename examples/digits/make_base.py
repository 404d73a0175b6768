"""Writes the random base model as a Hugging Face folder in LLaVA-1.5 layout: about 1.1 million parameters, Float32.

usage: python make_base.py OUT
"""
import json
import math
import pathlib
import shutil
import struct
import sys

import numpy

HERE = pathlib.Path(__file__).resolve().parent
SEED, VOCABULARY, IMAGE_TOKEN, PADDING_TOKEN = 0, 544, 529, 530
IMAGE, PATCH = 56, 14
VISION = {"hidden": 96, "inner": 384, "layers": 4, "heads": 3}
TEXT = {"hidden": 128, "inner": 256, "layers": 3, "heads": 4, "key_value_heads": 2}


def vision_shapes():
    hidden, inner, root = VISION["hidden"], VISION["inner"], "vision_tower.vision_model."
    yield root + "embeddings.class_embedding", (hidden,)
    yield root + "embeddings.patch_embedding.weight", (hidden, 3, PATCH, PATCH)
    yield root + "embeddings.position_embedding.weight", ((IMAGE // PATCH) ** 2 + 1, hidden)
    yield from norm(root + "pre_layrnorm", hidden)  # spelt like this in every CLIP checkpoint
    for layer in range(VISION["layers"]):
        block = f"{root}encoder.layers.{layer}."
        for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
            yield from linear(f"{block}self_attn.{name}", hidden, hidden)
        yield from norm(block + "layer_norm1", hidden)
        yield from linear(block + "mlp.fc1", inner, hidden)
        yield from linear(block + "mlp.fc2", hidden, inner)
        yield from norm(block + "layer_norm2", hidden)
    yield from norm(root + "post_layernorm", hidden)


def language_shapes():
    hidden, inner, root = TEXT["hidden"], TEXT["inner"], "language_model.model."
    narrow = hidden // TEXT["heads"] * TEXT["key_value_heads"]
    yield root + "embed_tokens.weight", (VOCABULARY, hidden)
    for layer in range(TEXT["layers"]):
        block = f"{root}layers.{layer}."
        for name, width in (("q_proj", hidden), ("k_proj", narrow), ("v_proj", narrow), ("o_proj", hidden)):
            yield f"{block}self_attn.{name}.weight", (width, hidden)
        yield block + "mlp.gate_proj.weight", (inner, hidden)
        yield block + "mlp.up_proj.weight", (inner, hidden)
        yield block + "mlp.down_proj.weight", (hidden, inner)
        yield block + "input_layernorm.weight", (hidden,)
        yield block + "post_attention_layernorm.weight", (hidden,)
    yield root + "norm.weight", (hidden,)
    yield "language_model.lm_head.weight", (VOCABULARY, hidden)


def projector_shapes():
    yield from linear("multi_modal_projector.linear_1", TEXT["hidden"], VISION["hidden"])
    yield from linear("multi_modal_projector.linear_2", TEXT["hidden"], TEXT["hidden"])


def linear(name, outputs, inputs):
    yield name + ".weight", (outputs, inputs)
    yield name + ".bias", (outputs,)


def norm(name, width):
    yield name + ".weight", (width,)
    yield name + ".bias", (width,)


def initial(name, shape, generator):
    """Norms 1, biases 0, embeddings small, matrices with standard deviation fan_in^-0.5.

    With the usual 0.02 for all of them a model as small as this one does not leave chance: its signals die out.
    """
    if "norm" in name and name.endswith(".weight"):
        return numpy.ones(shape, dtype="<f4")
    if name.endswith(".bias"):
        return numpy.zeros(shape, dtype="<f4")
    embedding = "embed_tokens" in name or "class_embedding" in name or "position_embedding" in name
    deviation = 0.02 if embedding else math.prod(shape[1:]) ** -0.5
    spread = (2 * generator.random(shape) - 1) * math.sqrt(3)  # uniform with standard deviation 1
    return (deviation * spread).astype("<f4")


def write_safetensors(path, tensors):
    """The file format: eight bytes of header length (little endian), a JSON header padded with spaces, the values."""
    header, start = {"__metadata__": {"format": "pt"}}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [start, start + value.nbytes]}
        start += value.nbytes
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for value in tensors.values():
            file.write(value.tobytes())


def configuration():
    text = {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": VOCABULARY,
        "hidden_size": TEXT["hidden"], "intermediate_size": TEXT["inner"], "num_hidden_layers": TEXT["layers"],
        "num_attention_heads": TEXT["heads"], "num_key_value_heads": TEXT["key_value_heads"], "hidden_act": "silu",
        "max_position_embeddings": 2048, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "torch_dtype": "float32",
    }
    vision = {
        "model_type": "clip_vision_model", "hidden_size": VISION["hidden"], "intermediate_size": VISION["inner"],
        "num_hidden_layers": VISION["layers"], "num_attention_heads": VISION["heads"], "image_size": IMAGE,
        "patch_size": PATCH, "projection_dim": VISION["hidden"], "hidden_act": "quick_gelu", "layer_norm_eps": 1e-05,
        "vocab_size": VOCABULARY,
    }
    return {
        "architectures": ["LlavaForConditionalGeneration"], "model_type": "llava", "ignore_index": -100,
        "image_token_index": IMAGE_TOKEN, "pad_token_id": PADDING_TOKEN, "projector_hidden_act": "gelu",
        "tie_word_embeddings": False, "torch_dtype": "float32", "text_config": text, "vision_config": vision,
        "vision_feature_layer": -1, "vision_feature_select_strategy": "default",
        "image_seq_length": (IMAGE // PATCH) ** 2, "vocab_size": VOCABULARY,
    }


def companions():
    image = {
        "image_processor_type": "CLIPImageProcessor", "processor_class": "LlavaProcessor",
        "do_resize": True, "size": {"shortest_edge": IMAGE}, "resample": 3,
        "do_center_crop": True, "crop_size": {"height": IMAGE, "width": IMAGE}, "do_convert_rgb": True,
        "do_rescale": True, "rescale_factor": 0.00392156862745098,
        "do_normalize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25],
    }
    processor = {
        "processor_class": "LlavaProcessor", "image_token": "<image>", "num_additional_image_tokens": 1,
        "patch_size": PATCH, "vision_feature_select_strategy": "default",
    }
    generation = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": PADDING_TOKEN, "max_new_tokens": 16}
    return {"preprocessor_config.json": image, "processor_config.json": processor, "generation_config.json": generation}


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    generator = numpy.random.default_rng(SEED)
    shapes = [*vision_shapes(), *projector_shapes(), *language_shapes()]
    tensors = {name: initial(name, shape, generator) for name, shape in sorted(shapes)}
    write_safetensors(out / "model.safetensors", tensors)
    for name, content in {"config.json": configuration(), **companions()}.items():
        (out / name).write_text(json.dumps(content, indent=1) + "\n", encoding="ascii")
    for file in sorted((HERE / "tokenizer").iterdir()):
        shutil.copyfile(file, out / file.name)
    print(f"{sum(value.size for value in tensors.values()):,} parameters in {out}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
