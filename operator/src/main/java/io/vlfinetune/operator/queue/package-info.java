/** Kueue: the labels that make it look after an attempt's Job, and what it says of that Job's quota. */
@NullMarked
package io.vlfinetune.operator.queue;

import org.jspecify.annotations.NullMarked;
