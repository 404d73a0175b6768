@NullMarked
package io.vlfinetune.operator.reconcile;

import org.jspecify.annotations.NullMarked;
