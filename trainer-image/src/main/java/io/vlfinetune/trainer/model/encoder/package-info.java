/** Vision towers in the manner of CLIP and SigLIP (transformers: models/clip, models/siglip). */
@NullMarked
package io.vlfinetune.trainer.model.encoder;

import org.jspecify.annotations.NullMarked;
