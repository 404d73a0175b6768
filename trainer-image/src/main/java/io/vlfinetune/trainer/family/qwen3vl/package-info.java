/** Qwen3-VL (transformers: models/qwen3_vl/modeling_qwen3_vl.py). */
@NullMarked
package io.vlfinetune.trainer.family.qwen3vl;

import org.jspecify.annotations.NullMarked;
