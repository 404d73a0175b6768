/** The chart, rendered by Helm's own library. */
@NullMarked
package io.vlfinetune.e2e.chart;

import org.jspecify.annotations.NullMarked;
