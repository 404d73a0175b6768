package io.vlfinetune.operator.progress;

import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.operator.attempt.Children;
import java.util.Map;

/** The object that an attempt's trainer reports into; it carries the name of the attempt's Job. */
public final class ProgressObject {
    private ProgressObject() {}

    /** Builds it, empty. */
    public static VLFineTuneProgress of(VLFineTune run, int attempt, int firstAttempt) {
        VLFineTuneProgress progress = new VLFineTuneProgress();
        progress.setMetadata(Children.metadata(run, Children.attemptName(run, attempt), Children.labels(run, attempt)));
        // A Job that was deleted cannot tell any more which series its checkpoints belong to.
        progress.getMetadata().setAnnotations(Map.of(Children.FIRST_ATTEMPT, Integer.toString(firstAttempt)));
        return progress;
    }
}
