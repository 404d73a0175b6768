/** Layers of Llama (transformers: models/llama/modeling_llama.py). */
@NullMarked
package io.vlfinetune.trainer.model.llama;

import org.jspecify.annotations.NullMarked;
