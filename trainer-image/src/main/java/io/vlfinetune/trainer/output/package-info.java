/** The trained model on disk, and the proof that it is what was declared. */
@NullMarked
package io.vlfinetune.trainer.output;

import org.jspecify.annotations.NullMarked;
