/** Decoders in the manner of Llama, Mistral and Qwen (transformers: models/llama, mistral, qwen2, qwen3). */
@NullMarked
package io.vlfinetune.trainer.model.decoder;

import org.jspecify.annotations.NullMarked;
