/** What lets trainers report: their access to progress objects, and the admission policy that keeps each to its own. */
@NullMarked
package io.vlfinetune.operator.access;

import org.jspecify.annotations.NullMarked;
