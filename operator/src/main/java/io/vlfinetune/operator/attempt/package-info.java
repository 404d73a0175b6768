/** One attempt: its Job, what is seen of it, and how it ended. */
@NullMarked
package io.vlfinetune.operator.attempt;

import org.jspecify.annotations.NullMarked;
