package io.vlfinetune.trainer.data;

import java.util.List;

/**
 * One sample as the model takes it. The arrays are shared with a cache: do not write to them.
 *
 * @param id where the sample comes from, as error messages name it ({@code train.jsonl:17})
 * @param inputIds token ids, {@code [sequence]}, image tokens included
 * @param labels {@code [sequence]}: the token id where it carries loss, -100 where it does not
 * @param images one entry for each image, in the order of their tokens
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody; a copy for each batch would cost more than it protects
public record EncodedSample(String id, int[] inputIds, int[] labels, List<Pixels> images) {}
