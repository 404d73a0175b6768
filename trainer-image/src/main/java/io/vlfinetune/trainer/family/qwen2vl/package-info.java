/** Qwen2-VL (transformers: models/qwen2_vl/modeling_qwen2_vl.py). */
@NullMarked
package io.vlfinetune.trainer.family.qwen2vl;

import org.jspecify.annotations.NullMarked;
