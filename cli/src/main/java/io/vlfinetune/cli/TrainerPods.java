package io.vlfinetune.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/** What the ended pods of a run tell beyond its status. */
final class TrainerPods {
    /** How a trainer begins its last word when it found a committed output of the very same run. */
    private static final String COMPLETE = "already complete";

    private TrainerPods() {}

    /** From the start of the container to its end, summed over attempts. */
    static Duration time(KubernetesClient client, VLFineTune run) {
        return ends(client, run).stream()
                .map(end -> Duration.between(Instant.parse(end.getStartedAt()), Instant.parse(end.getFinishedAt())))
                .reduce(Duration.ZERO, Duration::plus);
    }

    /** Whether nothing was trained because an earlier call had finished this run. */
    static boolean wasComplete(KubernetesClient client, VLFineTune run) {
        return ends(client, run).stream().anyMatch(end -> message(end).startsWith(COMPLETE));
    }

    private static String message(ContainerStateTerminated end) {
        try {
            String word = Objects.requireNonNullElse(end.getMessage(), "{}");
            return Objects.requireNonNullElse(
                    Json.strict().readValue(word, LastWord.class).message(), "");
        } catch (JsonProcessingException e) {
            // A trainer that crashed leaves the tail of its log instead.
            return "";
        }
    }

    private static List<ContainerStateTerminated> ends(KubernetesClient client, VLFineTune run) {
        return client.pods().withLabel("vlfinetune.io/run", run.getMetadata().getName()).list().getItems().stream()
                .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
                .map(container -> container.getState().getTerminated())
                .filter(Objects::nonNull)
                .toList();
    }
}
