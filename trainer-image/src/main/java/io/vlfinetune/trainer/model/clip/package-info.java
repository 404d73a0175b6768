/** Layers of CLIP's vision tower (transformers: models/clip/modeling_clip.py). */
@NullMarked
package io.vlfinetune.trainer.model.clip;

import org.jspecify.annotations.NullMarked;
