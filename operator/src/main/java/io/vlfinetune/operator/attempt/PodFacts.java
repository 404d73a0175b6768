package io.vlfinetune.operator.attempt;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What matters of a pod.
 *
 * @param name name
 * @param jobUid identity of the Job that owns it; empty where none does
 * @param created when it was made
 * @param runningSince when the trainer's container was started; null: it does not run
 * @param terminal whether it has ended for good: no process of it is left
 * @param exitCode exit code of the trainer; null while it has none
 * @param oomKilled whether the kernel ended the trainer for want of memory
 * @param disrupted whether Kubernetes took the pod away: preemption, eviction, drain or taint
 * @param terminationMessage what the trainer, or failing that its log, said at the end
 * @param waiting why the trainer does not start; null where nothing is in the way
 */
public record PodFacts(
        String name,
        String jobUid,
        Instant created,
        @Nullable Instant runningSince,
        boolean terminal,
        @Nullable Integer exitCode,
        boolean oomKilled,
        boolean disrupted,
        @Nullable String terminationMessage,
        @Nullable Waiting waiting) {
    /** Name of the trainer's container. */
    public static final String TRAINER = "trainer";

    /**
     * Why a pod does not start.
     *
     * @param reason ImagePullBackOff, Unschedulable and the like
     * @param message what Kubernetes says of it
     * @param image the image that the pod wants
     */
    public record Waiting(String reason, String message, String image) {}

    /** Whether the trainer's container runs. */
    public boolean running() {
        return runningSince != null;
    }

    /** Reads a pod. */
    public static PodFacts of(Pod pod) {
        PodStatus status = Optional.ofNullable(pod.getStatus()).orElseGet(() -> new PodStatusBuilder().build());
        String phase = Optional.ofNullable(status.getPhase()).orElse("Pending");
        Optional<ContainerStatus> trainer = status.getContainerStatuses().stream()
                .filter(container -> TRAINER.equals(container.getName()))
                .findFirst();
        Optional<ContainerStateTerminated> end =
                trainer.map(ContainerStatus::getState).map(ContainerState::getTerminated);
        Instant created = Times.parse(pod.getMetadata().getCreationTimestamp()).orElse(Instant.EPOCH);
        return new PodFacts(
                pod.getMetadata().getName(),
                jobUid(pod),
                created,
                trainer.map(ContainerStatus::getState)
                        .map(ContainerState::getRunning)
                        .map(state -> Times.parse(state.getStartedAt()).orElse(created))
                        .orElse(null),
                phase.equals("Succeeded") || phase.equals("Failed"),
                end.map(ContainerStateTerminated::getExitCode).orElse(null),
                end.map(state -> "OOMKilled".equals(state.getReason())).orElse(false),
                disrupted(status),
                end.map(ContainerStateTerminated::getMessage).orElse(null),
                waiting(status, trainer).orElse(null));
    }

    private static boolean disrupted(PodStatus status) {
        return status.getConditions().stream()
                .anyMatch(condition ->
                        condition.getType().equals("DisruptionTarget") && "True".equals(condition.getStatus()));
    }

    private static String jobUid(Pod pod) {
        return pod.getMetadata().getOwnerReferences().stream()
                .filter(owner -> "Job".equals(owner.getKind()))
                .map(owner -> Optional.ofNullable(owner.getUid()).orElse(""))
                .findFirst()
                .orElse("");
    }

    private static Optional<Waiting> waiting(PodStatus status, Optional<ContainerStatus> trainer) {
        String image = trainer.map(ContainerStatus::getImage).orElse("");
        Optional<Waiting> container = trainer.map(ContainerStatus::getState)
                .map(ContainerState::getWaiting)
                .filter(state -> state.getReason() != null && !ordinary(state))
                .map(state -> new Waiting(state.getReason(), text(state.getMessage()), image));
        return container.or(() -> status.getConditions().stream()
                .filter(condition ->
                        condition.getType().equals("PodScheduled") && "False".equals(condition.getStatus()))
                .filter(condition -> "Unschedulable".equals(condition.getReason()))
                .findFirst()
                .map(condition -> new Waiting("Unschedulable", text(condition.getMessage()), image)));
    }

    private static boolean ordinary(ContainerStateWaiting state) {
        return state.getReason().equals("ContainerCreating")
                || state.getReason().equals("PodInitializing");
    }

    private static String text(@Nullable String message) {
        return message == null ? "" : message;
    }
}
