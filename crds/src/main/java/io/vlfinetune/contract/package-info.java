/**
 * What passes between the operator and the trainer, and nothing else does: the run configuration, the progress report,
 * the last word, exit codes and reasons.
 */
@NullMarked
package io.vlfinetune.contract;

import org.jspecify.annotations.NullMarked;
