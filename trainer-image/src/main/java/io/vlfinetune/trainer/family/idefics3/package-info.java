/**
 * Idefics3 and SmolVLM, one network under two names: a SigLIP vision tower over the tiles of an image, pixel shuffle and
 * one matrix, a Llama decoder (Laurençon et al., arXiv:2408.12637; Marafioti et al., arXiv:2504.05299).
 */
@NullMarked
package io.vlfinetune.trainer.family.idefics3;

import org.jspecify.annotations.NullMarked;
