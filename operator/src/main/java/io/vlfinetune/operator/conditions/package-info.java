/** From a run's state to its status: conditions, phase and messages. */
@NullMarked
package io.vlfinetune.operator.conditions;

import org.jspecify.annotations.NullMarked;
