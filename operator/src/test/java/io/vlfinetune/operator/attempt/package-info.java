@NullMarked
package io.vlfinetune.operator.attempt;

import org.jspecify.annotations.NullMarked;
