/** The optimizer: fused AdamW with one learning rate and decay for each tensor. */
@NullMarked
package io.vlfinetune.trainer.optimize;

import org.jspecify.annotations.NullMarked;
