/** Checkpoints: complete or ignored, and enough to go on as if nothing had happened. */
@NullMarked
package io.vlfinetune.trainer.checkpoint;

import org.jspecify.annotations.NullMarked;
