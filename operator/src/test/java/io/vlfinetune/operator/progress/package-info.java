/** What comes from a trainer's report into a status. */
@NullMarked
package io.vlfinetune.operator.progress;

import org.jspecify.annotations.NullMarked;
