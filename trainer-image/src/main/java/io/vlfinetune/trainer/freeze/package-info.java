/** From a declaration to the set of trainable tensors: roles, selectors, the plan and the proof. */
@NullMarked
package io.vlfinetune.trainer.freeze;

import org.jspecify.annotations.NullMarked;
