/** What a trainer measures, as Prometheus reads it from its pod. No label has a resource's name. */
@NullMarked
package io.vlfinetune.trainer.metrics;

import org.jspecify.annotations.NullMarked;
