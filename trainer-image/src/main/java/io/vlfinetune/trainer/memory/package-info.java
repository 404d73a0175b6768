/** What a run will need in memory, worked out before anything is loaded, and what could be done if that is too much. */
@NullMarked
package io.vlfinetune.trainer.memory;

import org.jspecify.annotations.NullMarked;
