package io.vlfinetune.operator.metrics;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.operator.conditions.Conditions;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The reasons that may stand in a label. Kueue, the scheduler and kubelets have words of their own: those are Other. */
final class Reasons {
    static final String OTHER = "Other";

    private static final Set<String> KNOWN = Stream.concat(
                    Arrays.stream(Reason.values()).map(Enum::name),
                    Stream.of(
                            "NameInUse",
                            "Pending",
                            "Paused",
                            "PlanOnly",
                            "Planned",
                            "PodsRunning",
                            "Preempted",
                            "Refused",
                            "Restarting",
                            "Running",
                            "Started",
                            "Starting",
                            "Stopped",
                            "Succeeded",
                            "Suspended",
                            "Suspending",
                            "Unschedulable"))
            .collect(Collectors.toUnmodifiableSet());

    private Reasons() {}

    /** The word itself if it is one of ours. */
    static String bounded(@Nullable String reason) {
        return reason != null && KNOWN.contains(reason) ? reason : OTHER;
    }

    /** Why a run is in the phase that it is in. */
    static String of(VLFineTuneStatus status) {
        return bounded(
                switch (Objects.requireNonNullElse(status.phase(), Phase.Pending)) {
                    case Pending, Starting, Queued -> word(status, ConditionType.Ready);
                    case Running -> word(status, ConditionType.Running);
                    case Suspending, Suspended -> word(status, ConditionType.Suspended);
                    case Restarting -> lastEnd(status.attempts());
                    case Succeeded -> word(status, ConditionType.Succeeded);
                    case Failed -> word(status, ConditionType.Failed);
                });
    }

    private static @Nullable String word(VLFineTuneStatus status, ConditionType type) {
        return Conditions.find(status.conditions(), type).map(Condition::reason).orElse(null);
    }

    /** How the latest attempt that ended did: "Restarting" would only repeat the phase. */
    private static String lastEnd(List<AttemptStatus> attempts) {
        return attempts.reversed().stream()
                .map(AttemptStatus::reason)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse("Restarting");
    }
}
