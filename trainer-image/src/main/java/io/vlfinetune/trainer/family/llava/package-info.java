/** LLaVA 1.5 (transformers: models/llava/modeling_llava.py). */
@NullMarked
package io.vlfinetune.trainer.family.llava;

import org.jspecify.annotations.NullMarked;
