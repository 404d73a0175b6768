/** What Qwen2-VL, Qwen2.5-VL and Qwen3-VL share: chain, key layouts, processor and chat format. */
@NullMarked
package io.vlfinetune.trainer.family.qwen;

import org.jspecify.annotations.NullMarked;
