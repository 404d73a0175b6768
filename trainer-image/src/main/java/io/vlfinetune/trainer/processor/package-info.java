/** From conversations and images to what a model reads, as processors of transformers do it. */
@NullMarked
package io.vlfinetune.trainer.processor;

import org.jspecify.annotations.NullMarked;
