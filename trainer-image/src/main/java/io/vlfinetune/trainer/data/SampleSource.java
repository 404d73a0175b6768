package io.vlfinetune.trainer.data;

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

    /** The target tokens of a sample; whoever knows them need not make the sample for it. */
    default int targets(int index) {
        return get(index).targets();
    }
}
