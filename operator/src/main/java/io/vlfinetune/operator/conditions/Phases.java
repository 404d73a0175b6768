package io.vlfinetune.operator.conditions;

import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import java.util.List;
import java.util.Optional;

/** The phase: a summary of the conditions, and of nothing else. */
public final class Phases {
    private Phases() {}

    /** The phase of any conditions. */
    public static Phase of(List<Condition> conditions) {
        if (Conditions.isTrue(conditions, ConditionType.Succeeded)) {
            return Phase.Succeeded;
        }
        if (Conditions.isTrue(conditions, ConditionType.Failed)) {
            return Phase.Failed;
        }
        Optional<Condition> suspended = Conditions.find(conditions, ConditionType.Suspended);
        if (suspended.filter(condition -> "True".equals(condition.status())).isPresent()) {
            return Phase.Suspended;
        }
        if (suspended
                .filter(condition -> "Suspending".equals(condition.reason()))
                .isPresent()) {
            return Phase.Suspending;
        }
        if (Conditions.find(conditions, ConditionType.QuotaReserved)
                .filter(condition -> "False".equals(condition.status()))
                .isPresent()) {
            return Phase.Queued;
        }
        if (Conditions.isTrue(conditions, ConditionType.Running)) {
            return Phase.Running;
        }
        String reason = Conditions.find(conditions, ConditionType.Running)
                .map(Condition::reason)
                .orElse("");
        return switch (reason) {
            case "Restarting", "Preempted" -> Phase.Restarting;
            case "Starting" -> Phase.Starting;
            default -> Phase.Pending;
        };
    }
}
