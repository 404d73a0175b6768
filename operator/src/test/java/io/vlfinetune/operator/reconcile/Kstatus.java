package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.conditions.Conditions;
import java.util.Objects;

/** How kstatus (cli-utils, as Flux and kpt use it) reads a resource of a kind that it does not know. */
enum Kstatus {
    InProgress,
    Current,
    Failed;

    static Kstatus of(VLFineTune run) {
        VLFineTuneStatus status = Objects.requireNonNullElse(run.getStatus(), VLFineTuneStatus.EMPTY);
        if (!Objects.equals(status.observedGeneration(), run.getMetadata().getGeneration())) {
            return InProgress;
        }
        if (Conditions.isTrue(status.conditions(), ConditionType.Reconciling)) {
            return InProgress;
        }
        if (Conditions.isTrue(status.conditions(), ConditionType.Stalled)) {
            return Failed;
        }
        return Conditions.isTrue(status.conditions(), ConditionType.Ready) ? Current : InProgress;
    }
}
