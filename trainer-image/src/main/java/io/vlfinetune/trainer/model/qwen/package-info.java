/**
 * Vision towers and rotary positions of Qwen2-VL, Qwen2.5-VL and Qwen3-VL (transformers: models/qwen2_vl, qwen2_5_vl,
 * qwen3_vl; vision_utils.py). A tower works on the patches of all images behind each other, [patches, hidden], four of
 * them side by side for every feature of the language model.
 */
@NullMarked
package io.vlfinetune.trainer.model.qwen;

import org.jspecify.annotations.NullMarked;
