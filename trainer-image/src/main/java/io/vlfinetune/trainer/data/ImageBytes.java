package io.vlfinetune.trainer.data;

/**
 * An image file that lay in the data file itself.
 *
 * @param file PNG, JPEG or WebP, not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier from the data file to the decoder
public record ImageBytes(byte[] file) {}
