/** The progress object, and how a trainer's report comes into a run's status. */
@NullMarked
package io.vlfinetune.operator.progress;

import org.jspecify.annotations.NullMarked;
