/** One of several operators works, the others stand by. */
@NullMarked
package io.vlfinetune.operator.leadership;

import org.jspecify.annotations.NullMarked;
