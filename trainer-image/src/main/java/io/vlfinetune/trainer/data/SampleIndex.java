package io.vlfinetune.trainer.data;

/** The samples of one file, each to be had again in any order. Safe for use by several threads. */
sealed interface SampleIndex permits TextIndex, ParquetIndex {
    /** The number of samples. */
    int size();

    /** Where a sample stands in the file. */
    SampleLocation location(int index);

    /**
     * Reads one sample again.
     *
     * @throws io.vlfinetune.trainer.TrainerException SourceUnavailable or DataInvalid when the file was changed meanwhile
     */
    SampleFields read(int index);
}
