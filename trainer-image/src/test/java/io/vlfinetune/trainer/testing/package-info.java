/** Fixtures shared by the trainer's tests. */
@NullMarked
package io.vlfinetune.trainer.testing;

import org.jspecify.annotations.NullMarked;
