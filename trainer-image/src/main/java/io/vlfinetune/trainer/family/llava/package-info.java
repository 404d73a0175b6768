/** LLaVA-1.5: CLIP vision tower, projector, LLaMA. */
@NullMarked
package io.vlfinetune.trainer.family.llava;

import org.jspecify.annotations.NullMarked;
