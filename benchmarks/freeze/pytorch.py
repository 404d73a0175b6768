"""The PyTorch loop with frozen parts, as it is and on what the frozen parts compute, stored beforehand.

usage: pytorch.py store FOLDER SHAPE PRECISION STEPS STORE            writes what `stored` reads
       pytorch.py share FOLDER SHAPE                               prints what the parts cost
       pytorch.py plain FOLDER SHAPE PRECISION STEPS SETTING LOG
       pytorch.py stored FOLDER SHAPE PRECISION STEPS SETTING LOG STORE

Model, inputs and labels are those of ../families/peer.py, the loop is that of ../common/loop.py. `stored` is the ideal of a prefix
cache: with a frozen tower it begins at the tower's output, with all but the last two language blocks frozen at what enters the
first of them; nothing below is in memory.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "families")]

import peer as families  # noqa: E402
import loop  # noqa: E402
import torch  # noqa: E402
from cases import PARTS  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402
from transformers.modeling_outputs import BaseModelOutputWithPooling  # noqa: E402

LAST = 2


class OnTowerOutput(torch.nn.Module):
    """A model without its tower; takes the tower's output in place of pixels."""

    def __init__(self, model, projector):
        super().__init__()
        self.model, self.projector, self.config = model, projector, model.config

    def forward(self, tower, **inputs):
        features = self.projector(tower).flatten(0, -2)
        return self.model(**inputs, mm_encoder_outputs={"image": BaseModelOutputWithPooling(pooler_output=[features])})


def freeze(model, shape, setting):
    """Trains what the setting names, nothing else."""
    tower, projector, language = (model.get_submodule(PARTS[shape][part]) for part in ("tower", "projector", "language"))
    if setting == "full":
        return
    model.requires_grad_(setting == "tower frozen")
    tower.requires_grad_(False)
    projector.requires_grad_(setting != "last-2 blocks")  # after the tower: Qwen's merger lies inside it
    if setting == "last-2 blocks":
        language.layers[-LAST:].requires_grad_(True)


def without_tower(model, shape):
    """Takes the tower's weights out of memory, and gives the projector."""
    projector = model.get_submodule(PARTS[shape]["projector"])
    owner, name = PARTS[shape]["tower"].rsplit(".", 1)
    setattr(model.get_submodule(owner), name, torch.nn.Identity())
    return projector


def store(folder, shape, precision, steps, file):
    """Per step: the inputs without pixels, the tower's output, what enters the first of the last blocks, its positions."""
    model, batches = families.load(folder), families.batches(folder, steps)
    language, seen, made = model.get_submodule(PARTS[shape]["language"]), {}, []
    model.get_submodule(PARTS[shape]["projector"]).register_forward_pre_hook(lambda _, inputs: seen.update(tower=inputs[0]))
    language.layers[-LAST].register_forward_pre_hook(lambda _, inputs: seen.update(hidden=inputs[0]))
    language.register_forward_pre_hook(lambda _, __, more: seen.update(position_ids=more.get("position_ids")), with_kwargs=True)
    model.config.use_cache = model.config.get_text_config().use_cache = False
    model.train()
    for batch in batches:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            model(**batch)
        made.append({**{key: value for key, value in batch.items() if not key.startswith("pixel")}, **seen})
    torch.save(made, file)


def share(folder, shape):
    """Multiplications of a forward pass by part, as shares, and parameters."""
    model, batch = families.load(folder), families.batches(folder, 1)[0]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(**batch)
    counts = {name.split(".", 1)[-1]: sum(kinds.values()) for name, kinds in counter.get_flop_counts().items()}
    whole = counter.get_total_flops()
    tower, projector = (counts[PARTS[shape][part]] for part in ("tower", "projector"))
    tower -= projector if PARTS[shape]["projector"].startswith(PARTS[shape]["tower"]) else 0
    print(f"{shape}: {sum(value.numel() for value in model.parameters()):,} parameters, {batch['input_ids'].shape[1]} tokens; "
          f"tower {tower / whole:.2f}, projector {projector / whole:.2f}, language model {(whole - tower - projector) / whole:.2f}")


def tower_inputs(step):
    return {key: value for key, value in step.items() if key not in ("hidden", "position_ids")}


def block_inputs(step):
    made = {"inputs_embeds": step["hidden"], **{key: step[key] for key in ("attention_mask", "labels", "position_ids")}}
    return {key: value for key, value in made.items() if value is not None}


def on_stored(model, shape, setting, steps):
    """The shortened model and its batches."""
    if setting != "last-2 blocks":
        return OnTowerOutput(model, without_tower(model, shape)), [tower_inputs(step) for step in steps]
    without_tower(model, shape)
    language = model.get_submodule(PARTS[shape]["language"])
    language.layers = language.layers[-LAST:]
    return model, [block_inputs(step) for step in steps]


def main(kind, folder, shape, precision="fp32", steps=1, *rest):
    folder, steps = pathlib.Path(folder), int(steps)
    if kind == "share":
        return share(folder, shape)
    if kind == "store":
        return store(folder, shape, precision, steps, *rest)
    setting, log, *stored = rest
    model = families.load(folder)
    freeze(model, shape, setting)
    if kind == "stored":
        model, batches = on_stored(model, shape, setting, torch.load(stored[0]))
    else:
        batches = families.batches(folder, steps)
    trained = sum(value.numel() for value in model.parameters() if value.requires_grad)
    print(f"trains {trained:,} parameters", flush=True)
    loop.train(model, batches, precision, log)


main(*sys.argv[1:])
