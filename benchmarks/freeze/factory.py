"""LLaMA-Factory 0.9.5 on the same model and data; one JSON line a step is appended to LOG.

usage: factory.py FOLDER SHAPE PRECISION STEPS SETTING LOG on|off       (gradient checkpointing; `on` is its default)

Its own trainer, data pipeline, collator and freeze switches, called as its command line calls them. It has no SmolVLM, so template,
image plug-in and part names of that family are registered here through its own registries, and one type is made of its features.
"""
import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["DISABLE_VERSION_CHECK"] = "1"  # it refuses to start without packages that are not used here

import torch  # noqa: E402
from llamafactory.data import mm_plugin, template  # noqa: E402
from llamafactory.data.formatter import EmptyFormatter, StringFormatter  # noqa: E402
from llamafactory.model.model_utils import visual  # noqa: E402
from llamafactory.train.tuner import run_exp  # noqa: E402
from transformers import TrainerCallback  # noqa: E402

from cases import BATCH, FACTORY, PARTS  # noqa: E402


class SmolVLMPlugin(mm_plugin.BasePlugin):
    """Tiles of a picture and the marks around them, by the model's own processor."""

    def pictures(self, images, processor):
        made = self._regularize_images(images, image_max_pixels=processor.image_max_pixels,
                                       image_min_pixels=processor.image_min_pixels)["images"]
        return processor.image_processor([[picture] for picture in made], return_tensors="pt", return_row_col_info=True)

    def process_messages(self, messages, images, videos, audios, processor):
        made = self.pictures(images, processor)
        grids = [(rows[0], columns[0]) for rows, columns in zip(made["rows"], made["cols"])]
        changed = []
        for message in messages:
            content = message["content"]
            count = content.count(mm_plugin.IMAGE_PLACEHOLDER)
            if count:
                mine, grids = grids[:count], grids[count:]
                content = content.replace(mm_plugin.IMAGE_PLACEHOLDER, processor.image_token)
                content = processor.expand_text_with_image_tokens([content], [[rows for rows, _ in mine]],
                                                                  [[columns for _, columns in mine]])[0]
            changed.append({**message, "content": content})
        return changed

    def get_mm_inputs(self, images, videos, audios, imglens, vidlens, audlens, batch_ids, processor):
        made = self.pictures(images, processor)
        return {key: made[key] for key in ("pixel_values", "pixel_attention_mask")}


def register_smolvlm():
    mm_plugin.register_mm_plugin("smolvlm", SmolVLMPlugin)
    template.register_template(
        name="smolvlm", format_prefix=EmptyFormatter(slots=["<|im_start|>"]),
        format_user=StringFormatter(slots=["User:{{content}}<end_of_utterance>\nAssistant:"]),
        format_assistant=StringFormatter(slots=[" {{content}}<end_of_utterance>\n"]),
        mm_plugin=mm_plugin.get_mm_plugin("smolvlm", image_token="<image>"))
    names = {part: name.removeprefix("model.") for part, name in PARTS["smolvlm"].items()}
    visual._register_composite_model("smolvlm", projector_keys=[names["projector"]], vision_model_keys=[names["tower"]],
                                     language_model_keys=[names["language"], "lm_head"])


def one_type(model):
    """transformers 5.6.0 cannot put BFloat16 features (autocast) among Float32 embeddings (trained) in this family."""
    embedding = model.get_input_embeddings().weight
    connector = model.get_submodule(PARTS["smolvlm"]["projector"])
    connector.register_forward_hook(lambda _, __, features: features.to(embedding.dtype))


class Steps(TrainerCallback):
    def __init__(self, log):
        self.log = log

    def on_train_begin(self, args, state, control, model=None, **kwargs):
        trained = sum(value.numel() for value in model.parameters() if value.requires_grad)
        print(f"trains {trained:,} parameters", flush=True)
        if model.config.model_type == "smolvlm":
            one_type(model)

    def on_log(self, args, state, control, logs=None, **kwargs):
        if "loss" in logs:
            with open(self.log, "a") as out:
                out.write(json.dumps({"step": state.global_step, "loss": float(logs["loss"]),
                                      "tokens": int(state.num_input_tokens_seen) // state.global_step}) + "\n")


def data(folder, out):
    """The trainer's data file, described to LLaMA-Factory."""
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    (out / "dataset_info.json").write_text(json.dumps({"bench": {
        "file_name": str(folder / "train.jsonl"), "formatting": "sharegpt", "columns": {"messages": "messages", "images": "images"},
        "tags": tags}}))


def main(folder, shape, precision, steps, setting, log, checkpointing):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    folder, out = pathlib.Path(folder), pathlib.Path(log).with_suffix(".factory")
    out.mkdir(parents=True, exist_ok=True)
    data(folder, out)
    if shape == "smolvlm":
        register_smolvlm()
    run_exp({
        "stage": "sft", "do_train": True, "model_name_or_path": str(folder), "dataset_dir": str(out), "media_dir": str(folder),
        "dataset": "bench", "template": shape, "cutoff_len": 2048, "overwrite_cache": True,
        "preprocessing_num_workers": 1, "dataloader_num_workers": 0, "output_dir": str(out / "out"),
        "logging_steps": 1, "save_strategy": "no", "report_to": "none", "disable_tqdm": True,
        "per_device_train_batch_size": BATCH, "max_steps": int(steps), "learning_rate": 1e-4, "lr_scheduler_type": "constant",
        "bf16": precision == "bf16", "use_cpu": True, "seed": 42, "include_num_input_tokens_seen": True,
        "disable_gradient_checkpointing": checkpointing == "off",
        **({"default_system": ""} if shape == "llava" else {}),  # as the model's own template has it
        **FACTORY[setting]}, [Steps(log)])


main(*sys.argv[1:])
