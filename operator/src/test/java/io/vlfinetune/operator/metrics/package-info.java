/** Tests of what the operator counts and measures. */
@NullMarked
package io.vlfinetune.operator.metrics;

import org.jspecify.annotations.NullMarked;
