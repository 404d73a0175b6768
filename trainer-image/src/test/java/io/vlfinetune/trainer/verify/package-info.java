/** Tests of the comparison of fine-tuned folders. */
@org.jspecify.annotations.NullMarked
package io.vlfinetune.trainer.verify;
