package io.vlfinetune.trainer.model;

/**
 * An image of a batch.
 *
 * @param row of the sample it belongs to
 * @param pieces how many tiles or patches it has
 * @param height rows of the image, in what its family counts
 * @param width columns of the image, in the same unit
 */
public record BatchImage(int row, int pieces, int height, int width) {}
