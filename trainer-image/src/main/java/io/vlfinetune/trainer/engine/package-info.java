/** DJL behind one facade: every operator the models use, memory of tensors, threads, the choice of kernels. */
@NullMarked
package io.vlfinetune.trainer.engine;

import org.jspecify.annotations.NullMarked;
