package io.vlfinetune.operator.queue;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What Kueue says of a Job's quota, in Kueue's words.
 *
 * @param reserved whether quota is held for the Job
 * @param admitted whether all checks have passed as well, so that the Job may run
 * @param reason one word
 * @param message for a person
 */
public record QuotaFacts(boolean reserved, boolean admitted, String reason, String message) {
    private static final int LONGEST_MESSAGE = 1024;

    /**
     * Reads the conditions of a Workload; empty while Kueue has not looked at it. One that is evicted still holds its
     * quota until its pods are gone, but not for long: it counts as not reserved, with the reason of the eviction.
     */
    public static Optional<QuotaFacts> of(GenericKubernetesResource workload) {
        Optional<Map<?, ?>> reserved = condition(workload, "QuotaReserved");
        Optional<Map<?, ?>> evicted = condition(workload, "Evicted").filter(QuotaFacts::holds);
        Optional<Map<?, ?>> telling =
                reserved.filter(QuotaFacts::holds).isPresent() ? evicted.or(() -> reserved) : reserved;
        boolean quota = evicted.isEmpty() && reserved.filter(QuotaFacts::holds).isPresent();
        boolean admitted = quota
                && condition(workload, "Admitted").filter(QuotaFacts::holds).isPresent();
        return telling.map(words -> new QuotaFacts(quota, admitted, text(words, "reason", "Unknown"), message(words)));
    }

    /** Whether another say is the same one in other words: Kueue rewrites its messages whenever a queue moves. */
    public boolean saysTheSameAs(@Nullable QuotaFacts other) {
        return other != null && reserved == other.reserved && admitted == other.admitted && reason.equals(other.reason);
    }

    private static Optional<Map<?, ?>> condition(GenericKubernetesResource workload, String type) {
        return workload.get("status", "conditions") instanceof List<?> conditions
                ? conditions.stream()
                        .<Map<?, ?>>mapMulti((one, out) -> {
                            if (one instanceof Map<?, ?> condition && type.equals(condition.get("type"))) {
                                out.accept(condition);
                            }
                        })
                        .findFirst()
                : Optional.empty();
    }

    private static boolean holds(Map<?, ?> condition) {
        return "True".equals(condition.get("status"));
    }

    private static String message(Map<?, ?> condition) {
        String message = text(condition, "message", "").strip();
        return message.length() <= LONGEST_MESSAGE ? message : message.substring(0, LONGEST_MESSAGE - 1) + "…";
    }

    private static String text(Map<?, ?> condition, String key, String otherwise) {
        String text = Objects.toString(condition.get(key), "");
        return text.isBlank() ? otherwise : text;
    }
}
