/** Qwen2.5-VL (transformers: models/qwen2_5_vl/modeling_qwen2_5_vl.py). */
@NullMarked
package io.vlfinetune.trainer.family.qwen25vl;

import org.jspecify.annotations.NullMarked;
