"""What is measured: three shapes, four settings, in the words of each contestant. No imports, so that every environment can read it."""

SAMPLES, BATCH = 8, 4
EPOCH = SAMPLES // BATCH
"""Steps of an epoch. Few, so that later epochs come soon."""

SETTINGS = ("full", "tower frozen", "projector only", "last-2 blocks")
PRECISIONS = ("fp32", "bf16")

MONOTONE = (("full", "tower frozen"), ("tower frozen", "projector only"), ("tower frozen", "last-2 blocks"))
"""Pairs whose second setting trains a true subset of the first."""

FREEZE = {
    "full": {},
    "tower frozen": {"visionTower": True},
    "projector only": {"visionTower": True, "languageModel": True},
    "last-2 blocks": {"visionTower": True, "projector": True, "languageModel": True,
                      "rules": [{"part": "LanguageModel", "layers": {"last": 2}, "frozen": False}]},
}
"""The trainer's declaration."""

FACTORY = {
    "full": {"finetuning_type": "full", "freeze_vision_tower": False, "freeze_multi_modal_projector": False},
    "tower frozen": {"finetuning_type": "full", "freeze_vision_tower": True, "freeze_multi_modal_projector": False},
    "projector only": {"finetuning_type": "full", "freeze_vision_tower": True, "freeze_multi_modal_projector": False,
                       "freeze_language_model": True},
    "last-2 blocks": {"finetuning_type": "freeze", "freeze_trainable_layers": 2, "freeze_vision_tower": True,
                      "freeze_multi_modal_projector": True},
}
"""LLaMA-Factory's."""

PARTS = {
    "llava": {"tower": "model.vision_tower", "projector": "model.multi_modal_projector", "language": "model.language_model"},
    "qwen2_vl": {"tower": "model.visual", "projector": "model.visual.merger", "language": "model.language_model"},
    "smolvlm": {"tower": "model.vision_model", "projector": "model.connector", "language": "model.text_model"},
}
"""Where transformers keeps the parts."""

SHAPES = tuple(PARTS)
