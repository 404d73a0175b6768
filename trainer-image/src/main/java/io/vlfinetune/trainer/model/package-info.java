/** A model as one chain of layers, and its execution with nothing kept that no gradient needs. */
@NullMarked
package io.vlfinetune.trainer.model;

import org.jspecify.annotations.NullMarked;
