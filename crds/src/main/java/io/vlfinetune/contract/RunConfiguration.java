package io.vlfinetune.contract;

import io.vlfinetune.api.DataSpec;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.ModelSpec;
import io.vlfinetune.api.OutputSpec;
import io.vlfinetune.api.TrainingSpec;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code run.json}: all a trainer needs to know.
 *
 * @param formatVersion version of this form
 * @param namespace namespace of the run
 * @param name name of the run
 * @param uid identity of the resource
 * @param attempt number of the attempt, from 1
 * @param planOnly whether to end once the freeze plan is resolved and reported
 * @param progressUrl URL of the progress object that this trainer patches; absent: no live channel
 * @param model the base model
 * @param data training and evaluation data
 * @param freeze what is not trained
 * @param training how the rest is trained
 * @param output where the trained model goes
 * @param mounts folder of each claim of a {@code pvc://} URI, relative to the trainer's root
 */
public record RunConfiguration(
        int formatVersion,
        String namespace,
        String name,
        String uid,
        int attempt,
        boolean planOnly,
        @Nullable String progressUrl,
        ModelSpec model,
        DataSpec data,
        FreezeSpec freeze,
        TrainingSpec training,
        OutputSpec output,
        Map<String, String> mounts) {
    /** The version that this code reads and writes. */
    public static final int FORMAT_VERSION = 1;

    /** Puts an empty map in the place of an absent one. */
    public RunConfiguration {
        mounts = Map.copyOf(Objects.requireNonNullElse(mounts, Map.of()));
    }
}
