/** Any fine-tuned folder, whoever made it, against the base model and what was declared frozen. */
@NullMarked
package io.vlfinetune.trainer.verify;

import org.jspecify.annotations.NullMarked;
