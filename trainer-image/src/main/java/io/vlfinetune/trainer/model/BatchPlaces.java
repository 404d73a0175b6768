package io.vlfinetune.trainer.model;

import io.vlfinetune.trainer.data.EncodedSample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Where things are among all tokens of samples padded on the right to one length, counted row by row. */
final class BatchPlaces {
    final int length;
    final long[] ids;
    final List<Long> images = new ArrayList<>();
    final List<Long> losses = new ArrayList<>();
    final List<Long> targets = new ArrayList<>();
    final int[] targetsOfSample;

    BatchPlaces(List<EncodedSample> samples, int padToken, int imageToken) {
        length = samples.stream()
                .mapToInt(sample -> sample.inputIds().length)
                .max()
                .orElseThrow();
        ids = new long[samples.size() * length];
        Arrays.fill(ids, padToken);
        targetsOfSample = new int[samples.size()];
        for (int row = 0; row < samples.size(); row++) {
            add(row, samples.get(row), imageToken);
        }
    }

    private void add(int row, EncodedSample sample, int imageToken) {
        for (int at = 0; at < sample.inputIds().length; at++) {
            int place = row * length + at;
            ids[place] = sample.inputIds()[at];
            if (sample.inputIds()[at] == imageToken) {
                images.add((long) place);
            }
            // The logits of a place predict the token after it.
            if (at + 1 < sample.labels().length && sample.labels()[at + 1] != EncodedSample.NO_LOSS) {
                losses.add((long) place);
                targets.add((long) sample.labels()[at + 1]);
                targetsOfSample[row]++;
            }
        }
    }
}
