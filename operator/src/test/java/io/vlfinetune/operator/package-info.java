@NullMarked
package io.vlfinetune.operator;

import org.jspecify.annotations.NullMarked;
