/** Checkpoints on disk: safetensors read by mapping and written atomically, digests, frozen and trainable tensors in memory. */
@NullMarked
package io.vlfinetune.trainer.weights;

import org.jspecify.annotations.NullMarked;
