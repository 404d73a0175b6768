/** Samples on their way into a batch. */
@NullMarked
package io.vlfinetune.trainer.data;

import org.jspecify.annotations.NullMarked;
