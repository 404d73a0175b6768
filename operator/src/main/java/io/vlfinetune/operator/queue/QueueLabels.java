package io.vlfinetune.operator.queue;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The labels that Kueue reads on a Job. A run's own kind is not known to Kueue, so that they mean nothing on the run
 * itself and are handed on.
 */
public final class QueueLabels {
    /** Name of the LocalQueue. */
    public static final String QUEUE = "kueue.x-k8s.io/queue-name";
    /** Name of the WorkloadPriorityClass. */
    public static final String PRIORITY_CLASS = "kueue.x-k8s.io/priority-class";

    private QueueLabels() {}

    /** The LocalQueue that admits a run: {@code spec.scheduling.queue}, else the run's own label. */
    public static Optional<String> queue(VLFineTune run) {
        return Optional.ofNullable(run.getSpec().scheduling().queue()).or(() -> label(run, QUEUE));
    }

    /** Labels of a run's Jobs; none for a run without a queue. */
    public static Map<String, String> of(VLFineTune run) {
        Map<String, String> labels = new LinkedHashMap<>();
        queue(run).ifPresent(queue -> {
            labels.put(QUEUE, queue);
            label(run, PRIORITY_CLASS).ifPresent(name -> labels.put(PRIORITY_CLASS, name));
        });
        return labels;
    }

    /** A label that is there and not empty. */
    static Optional<String> label(HasMetadata object, String key) {
        @Nullable Map<String, String> labels = object.getMetadata().getLabels();
        return Optional.ofNullable(Objects.requireNonNullElse(labels, Map.<String, String>of())
                        .get(key))
                .filter(value -> !value.isBlank());
    }
}
