/**
 * Gemma 3 with images: a SigLIP vision tower, average pooling and one matrix, a Gemma decoder (Gemma Team,
 * arXiv:2503.19786).
 */
@NullMarked
package io.vlfinetune.trainer.family.gemma3;

import org.jspecify.annotations.NullMarked;
