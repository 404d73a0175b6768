/** The training loop: which samples a step takes, evaluation, metrics, and the steps themselves. */
@NullMarked
package io.vlfinetune.trainer.training;

import org.jspecify.annotations.NullMarked;
