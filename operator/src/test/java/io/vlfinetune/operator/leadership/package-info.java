/** Tests of how operators agree on one that works. */
@NullMarked
package io.vlfinetune.operator.leadership;

import org.jspecify.annotations.NullMarked;
