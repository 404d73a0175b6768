package io.vlfinetune.trainer.family.llavanext;

/**
 * A size in pixels.
 *
 * @param height rows
 * @param width columns
 */
record Resolution(int height, int width) {}
