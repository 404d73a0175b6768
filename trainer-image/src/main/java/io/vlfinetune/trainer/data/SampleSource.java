package io.vlfinetune.trainer.data;

import java.util.OptionalInt;

/** Gives samples by their number. Safe for use by several threads. */
@FunctionalInterface
public interface SampleSource {
    /**
     * A sample as the model takes it.
     *
     * @param index from 0
     * @throws io.vlfinetune.trainer.TrainerException DataInvalid when an image is broken or the sample is too long
     */
    EncodedSample get(int index);

    /** The target tokens of a sample, where they are known without making it. */
    default OptionalInt counted(int index) {
        return OptionalInt.empty();
    }

    /** The target tokens of a sample. */
    default int targets(int index) {
        return counted(index).orElseGet(() -> get(index).targets());
    }
}
