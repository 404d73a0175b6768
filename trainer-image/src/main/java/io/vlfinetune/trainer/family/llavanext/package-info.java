/** LLaVA-NeXT (LLaVA 1.6): LLaVA that reads an image in tiles as well as whole (transformers: models/llava_next). */
@NullMarked
package io.vlfinetune.trainer.family.llavanext;

import org.jspecify.annotations.NullMarked;
