/** Blocks of transformers as stages that remember no more for the backward pass than they must. */
@NullMarked
package io.vlfinetune.trainer.model.block;

import org.jspecify.annotations.NullMarked;
