/** What the trainer tells the world: log, metrics, live progress, last word. */
@NullMarked
package io.vlfinetune.trainer.report;

import org.jspecify.annotations.NullMarked;
