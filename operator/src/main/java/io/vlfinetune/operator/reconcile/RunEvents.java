package io.vlfinetune.operator.reconcile;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.attempt.Times;
import io.vlfinetune.operator.conditions.Conditions;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** The few events of a run: an attempt started, it will be restarted, the run ended. */
final class RunEvents {
    private static final int MAX_MESSAGE = 1024;
    private static final int UID_CHARACTERS = 8;

    private RunEvents() {}

    /** Events of the change from one status to the next; each has the reason and message of its condition. */
    static List<Event> between(VLFineTune run, VLFineTuneStatus before, VLFineTuneStatus after, Instant now) {
        return Stream.of(
                        turned(before, after, ConditionType.Running)
                                .map(condition -> event(run, after, "Normal", condition, now)),
                        restarting(before, after).map(condition -> event(run, after, "Warning", condition, now)),
                        preempted(before, after).map(condition -> event(run, after, "Warning", condition, now)),
                        turned(before, after, ConditionType.Suspended)
                                .map(condition -> event(run, after, "Normal", condition, now)),
                        resumed(before, after).map(condition -> event(run, after, "Normal", condition, now)),
                        turned(before, after, ConditionType.Succeeded)
                                .map(condition -> event(run, after, "Normal", condition, now)),
                        turned(before, after, ConditionType.Failed)
                                .map(condition -> event(run, after, "Warning", condition, now)))
                .flatMap(Optional::stream)
                .toList();
    }

    private static Optional<Condition> turned(VLFineTuneStatus before, VLFineTuneStatus after, ConditionType type) {
        return Conditions.isTrue(before.conditions(), type)
                ? Optional.empty()
                : Conditions.find(after.conditions(), type).filter(condition -> "True".equals(condition.status()));
    }

    private static Optional<Condition> restarting(VLFineTuneStatus before, VLFineTuneStatus after) {
        return before.phase() == after.phase()
                ? Optional.empty()
                : Conditions.find(after.conditions(), ConditionType.Running)
                        .filter(condition -> condition.reason().equals("Restarting"));
    }

    private static Optional<Condition> preempted(VLFineTuneStatus before, VLFineTuneStatus after) {
        int count = Objects.requireNonNullElse(after.preemptions(), 0);
        return count <= Objects.requireNonNullElse(before.preemptions(), 0)
                ? Optional.empty()
                : Conditions.find(after.conditions(), ConditionType.Running)
                        .map(condition -> told(
                                condition,
                                Preemption.REASON,
                                "attempt %d lost its pod and goes on in another one; preemptions so far: %d"
                                        .formatted(after.attempt(), count)));
    }

    private static Optional<Condition> resumed(VLFineTuneStatus before, VLFineTuneStatus after) {
        boolean over = Conditions.isTrue(before.conditions(), ConditionType.Suspended)
                && !Conditions.isTrue(after.conditions(), ConditionType.Suspended);
        return over
                ? Conditions.find(after.conditions(), ConditionType.Running)
                        .map(condition -> told(condition, "Resumed", "attempt " + after.attempt() + " goes on"))
                : Optional.empty();
    }

    private static Condition told(Condition condition, String reason, String message) {
        return new Condition(
                condition.type(),
                condition.status(),
                condition.observedGeneration(),
                condition.lastTransitionTime(),
                reason,
                message);
    }

    /** Its name is the same whenever the same thing is told again, so that a repeated write is refused as existing. */
    private static Event event(VLFineTune run, VLFineTuneStatus status, String type, Condition condition, Instant now) {
        String uid = run.getMetadata().getUid();
        String name = "%s.%s.%d.%d.%s"
                .formatted(
                        run.getMetadata().getName(),
                        uid.substring(0, Math.min(UID_CHARACTERS, uid.length())),
                        Objects.requireNonNullElse(status.attempt(), 0),
                        Objects.requireNonNullElse(status.preemptions(), 0),
                        condition.reason().toLowerCase(Locale.ROOT));
        String message = condition.message();
        return new EventBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(run.getMetadata().getNamespace())
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion(VLFineTune.GROUP + "/" + VLFineTune.VERSION)
                .withKind("VLFineTune")
                .withName(run.getMetadata().getName())
                .withNamespace(run.getMetadata().getNamespace())
                .withUid(uid)
                .endInvolvedObject()
                .withType(type)
                .withReason(condition.reason())
                .withMessage(message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE))
                .withFirstTimestamp(Times.format(now))
                .withLastTimestamp(Times.format(now))
                .withCount(1)
                .withNewSource()
                .withComponent("vlfinetune-operator")
                .endSource()
                .withReportingComponent("vlfinetune.io/operator")
                .withReportingInstance("vlfinetune-operator")
                .build();
    }
}
