/** From data files to model inputs: formats, conversations, images, tokens, order, and preparation ahead of the step. */
@NullMarked
package io.vlfinetune.trainer.data;

import org.jspecify.annotations.NullMarked;
