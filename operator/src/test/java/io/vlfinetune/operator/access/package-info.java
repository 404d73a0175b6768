/** Tests of what lets trainers report. */
@NullMarked
package io.vlfinetune.operator.access;

import org.jspecify.annotations.NullMarked;
