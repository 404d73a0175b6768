"""Makes the bench's checkpoint (LLaVA layout, 74 M random parameters) and data (images and conversations of about 300 tokens).

usage: make_bench.py OUT TOKENIZER_FOLDER
"""
import json
import os
import random
import shutil
import sys

import torch
from PIL import Image
from transformers import LlavaConfig, LlavaForConditionalGeneration

SAMPLES, WORDS = 64, "red green blue yellow black white circle square triangle line zero one two three four five six seven".split()


def main(out, tokenizer):
    os.makedirs(os.path.join(out, "images"), exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.json"):
        shutil.copy(os.path.join(tokenizer, name), out)
    with open(os.path.join(out, "tokenizer.json")) as file:
        tokens = {token["content"]: token["id"] for token in json.load(file)["added_tokens"]}
    config = LlavaConfig(
        text_config=dict(model_type="llama", hidden_size=576, intermediate_size=1536, num_hidden_layers=12, num_attention_heads=9,
                         num_key_value_heads=3, max_position_embeddings=2048, vocab_size=8192, rms_norm_eps=1e-5, hidden_act="silu"),
        vision_config=dict(model_type="clip_vision_model", hidden_size=384, intermediate_size=1536, num_attention_heads=6,
                           num_hidden_layers=12, image_size=224, patch_size=14, projection_dim=384),
        image_token_index=tokens["<image>"], pad_token_id=tokens["<pad>"], image_seq_length=256, vision_feature_layer=-2,
        tie_word_embeddings=False, vision_feature_select_strategy="default", projector_hidden_act="gelu")
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(config)
    print(sum(p.numel() for p in model.parameters()), "parameters")
    model.save_pretrained(out)
    with open(os.path.join(out, "preprocessor_config.json"), "w") as file:
        json.dump({"image_processor_type": "CLIPImageProcessor", "processor_class": "LlavaProcessor", "do_resize": True,
                   "size": {"shortest_edge": 224}, "do_center_crop": True, "crop_size": {"height": 224, "width": 224},
                   "do_convert_rgb": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
                   "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
                   "resample": 3}, file)
    with open(os.path.join(out, "processor_config.json"), "w") as file:
        json.dump({"processor_class": "LlavaProcessor", "image_token": "<image>", "num_additional_image_tokens": 1,
                   "patch_size": 14, "vision_feature_select_strategy": "default"}, file)
    draw = random.Random(0)
    with open(os.path.join(out, "train.jsonl"), "w") as file:
        for index in range(SAMPLES):
            picture = Image.frombytes("RGB", (256, 224), draw.randbytes(256 * 224 * 3))
            picture.save(os.path.join(out, "images", f"{index}.png"))
            answer = " ".join(draw.choice(WORDS) for _ in range(24))
            file.write(json.dumps({"messages": [{"role": "user", "content": "<image>What is drawn in the image?"},
                                                {"role": "assistant", "content": answer}], "images": [f"images/{index}.png"]}) + "\n")


main(*sys.argv[1:])
