package io.vlfinetune.operator;

import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.attempt.Children;
import io.vlfinetune.operator.attempt.MadeFrom;
import io.vlfinetune.operator.reconcile.Planner;
import java.util.List;
import java.util.Objects;

/** Which changes of runs wake the operator: not its own status writes, which would wake it for nothing. */
final class Watched {
    private static final List<String> ANNOTATIONS = List.of(MadeFrom.RETRY, Planner.PAUSED, Planner.HEALTH);

    private Watched() {}

    /** Whether this operator looks after a run. */
    static boolean byThisOperator(VLFineTune run) {
        return run.getSpec() == null
                || VLFineTuneSpec.OPERATOR.equals(run.getSpec().managedBy());
    }

    /** Whether a change of a run may change what is to be done. */
    static boolean matters(VLFineTune next, VLFineTune old) {
        return !Objects.equals(
                        next.getMetadata().getGeneration(), old.getMetadata().getGeneration())
                || !Objects.equals(
                        next.getMetadata().getDeletionTimestamp(),
                        old.getMetadata().getDeletionTimestamp())
                || !Objects.equals(
                        next.getMetadata().getLabels(), old.getMetadata().getLabels())
                || !Objects.equals(
                        next.getMetadata().getUid(), old.getMetadata().getUid())
                || ANNOTATIONS.stream()
                        .anyMatch(
                                key -> !Objects.equals(Children.annotation(next, key), Children.annotation(old, key)));
    }
}
