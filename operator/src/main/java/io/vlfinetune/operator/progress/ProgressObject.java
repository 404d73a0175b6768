package io.vlfinetune.operator.progress;

import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.operator.attempt.Children;

/** The object that an attempt's trainer reports into; it carries the name of the attempt's Job. */
public final class ProgressObject {
    private ProgressObject() {}

    /** Builds it, empty. */
    public static VLFineTuneProgress of(VLFineTune run, int attempt) {
        VLFineTuneProgress progress = new VLFineTuneProgress();
        progress.setMetadata(Children.metadata(run, Children.attemptName(run, attempt), Children.labels(run, attempt)));
        return progress;
    }
}
