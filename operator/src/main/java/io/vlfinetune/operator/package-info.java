/** The operator: observes a run and its children, plans without side effects, acts, and reports into the run's status. */
@NullMarked
package io.vlfinetune.operator;

import org.jspecify.annotations.NullMarked;
