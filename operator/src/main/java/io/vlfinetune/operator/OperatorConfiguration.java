package io.vlfinetune.operator;

import java.net.URI;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How an operator is set up.
 *
 * @param namespaces namespaces whose runs it looks after; empty: all
 * @param progressApi base URL of the API server at which trainers patch their progress object; null: trainers have no
 *     live channel, and all that is known of them comes from their pod's end
 * @param trainerImage image of a pod whose run names none
 * @param fileSources whether {@code file://} sources are allowed: true only where trainers share a machine with the user
 * @param restartBackoff wait before the first restart; doubled for each further one, at most ten minutes, with jitter
 * @param trainerServiceAccount service account of pods whose run names none; with it, every trainer gets a token of its
 *     account for its progress object; null: no token
 * @param progressPeriod shortest time between two copies of a trainer's progress into a run's status
 */
public record OperatorConfiguration(
        Set<String> namespaces,
        @Nullable URI progressApi,
        String trainerImage,
        boolean fileSources,
        Duration restartBackoff,
        @Nullable String trainerServiceAccount,
        Duration progressPeriod) {
    /** Back-off before the first restart, unless told otherwise. */
    public static final Duration DEFAULT_RESTART_BACKOFF = Duration.ofSeconds(10);

    /** Shortest time between two copies of progress, unless told otherwise. */
    public static final Duration DEFAULT_PROGRESS_PERIOD = Duration.ofSeconds(15);

    /** Objects that one answer to a list may hold: ten thousand runs and their children in one are more than a heap. */
    public static final long LIST_LIMIT = 500;

    private static final URI IN_CLUSTER_API = URI.create("https://kubernetes.default.svc");

    /** Keeps a copy of the namespaces and refuses durations that would make the operator spin. */
    public OperatorConfiguration {
        namespaces = Set.copyOf(namespaces);
        if (restartBackoff.isNegative() || restartBackoff.isZero()) {
            throw new IllegalArgumentException("restartBackoff is " + restartBackoff + ", must be longer than zero");
        }
        if (progressPeriod.isNegative()) {
            throw new IllegalArgumentException("progressPeriod is " + progressPeriod + ", must not be negative");
        }
    }

    /**
     * Reads the environment of the operator's pod: {@code VLFINETUNE_NAMESPACES} (comma-separated; absent: all), {@code
     * VLFINETUNE_TRAINER_IMAGE} (required), {@code VLFINETUNE_TRAINER_SERVICE_ACCOUNT} (absent: trainers get no token and
     * no live channel), {@code VLFINETUNE_PROGRESS_API}, {@code VLFINETUNE_RESTART_BACKOFF} and {@code
     * VLFINETUNE_PROGRESS_PERIOD} (ISO 8601 durations such as PT10S).
     *
     * @throws IllegalArgumentException names the variable that is missing or cannot be read
     */
    public static OperatorConfiguration fromEnvironment(Map<String, String> environment) {
        String serviceAccount = present(environment, "VLFINETUNE_TRAINER_SERVICE_ACCOUNT");
        String image = present(environment, "VLFINETUNE_TRAINER_IMAGE");
        if (image == null) {
            throw new IllegalArgumentException(
                    "VLFINETUNE_TRAINER_IMAGE is not set: name the trainer's container image");
        }
        return new OperatorConfiguration(
                namespaces(environment),
                serviceAccount == null ? null : progressApi(environment),
                image,
                false,
                duration(environment, "VLFINETUNE_RESTART_BACKOFF", DEFAULT_RESTART_BACKOFF),
                serviceAccount,
                duration(environment, "VLFINETUNE_PROGRESS_PERIOD", DEFAULT_PROGRESS_PERIOD));
    }

    /** The same where trainers cannot report: no token, and all that is known of them comes from their pod's end. */
    public OperatorConfiguration withoutLiveChannel() {
        return new OperatorConfiguration(
                namespaces, null, trainerImage, fileSources, restartBackoff, null, progressPeriod);
    }

    private static Set<String> namespaces(Map<String, String> environment) {
        String text = present(environment, "VLFINETUNE_NAMESPACES");
        return text == null
                ? Set.of()
                : Arrays.stream(text.split(",", -1))
                        .map(String::strip)
                        .filter(name -> !name.isEmpty())
                        .collect(Collectors.toUnmodifiableSet());
    }

    private static URI progressApi(Map<String, String> environment) {
        String text = present(environment, "VLFINETUNE_PROGRESS_API");
        try {
            return text == null ? IN_CLUSTER_API : URI.create(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("VLFINETUNE_PROGRESS_API is '" + text + "', must be a URL", e);
        }
    }

    private static Duration duration(Map<String, String> environment, String variable, Duration otherwise) {
        String text = present(environment, variable);
        try {
            return text == null ? otherwise : Duration.parse(text);
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(
                    variable + " is '" + text + "', must be an ISO 8601 duration such as PT10S", e);
        }
    }

    private static @Nullable String present(Map<String, String> environment, String variable) {
        String text = environment.get(variable);
        return text == null || text.isBlank() ? null : text.strip();
    }
}
