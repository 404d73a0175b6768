/** What the operator counts and measures, as Prometheus reads it. No label has a resource's name. */
@NullMarked
package io.vlfinetune.operator.metrics;

import org.jspecify.annotations.NullMarked;
