@NullMarked
package io.vlfinetune.operator.conditions;

import org.jspecify.annotations.NullMarked;
