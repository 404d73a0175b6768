@NullMarked
package io.vlfinetune.operator.queue;

import org.jspecify.annotations.NullMarked;
