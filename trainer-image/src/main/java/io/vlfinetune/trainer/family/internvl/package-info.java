/** InternVL 3 in the layout of transformers, the checkpoints whose names end in -hf (transformers: models/internvl). */
@NullMarked
package io.vlfinetune.trainer.family.internvl;

import org.jspecify.annotations.NullMarked;
