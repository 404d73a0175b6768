/** What a kubelet asks of the operator's process: whether it is alive, and whether it is ready. */
@NullMarked
package io.vlfinetune.operator.health;

import org.jspecify.annotations.NullMarked;
