/** One reconcile: observe, plan (pure), act, report. */
@NullMarked
package io.vlfinetune.operator.reconcile;

import org.jspecify.annotations.NullMarked;
