/**
 * The operator on a real API server behind a line that breaks: crashes between two calls, refusals, lost answers, late,
 * repeated and forgotten events. Every case must end as the same life without a fault ends.
 */
@NullMarked
package io.vlfinetune.e2e.faults;

import org.jspecify.annotations.NullMarked;
