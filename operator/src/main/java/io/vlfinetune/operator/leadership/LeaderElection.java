package io.vlfinetune.operator.leadership;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How several operators agree on one that works: by a Lease that it renews.
 *
 * @param namespace namespace of the Lease
 * @param lease name of the Lease
 * @param identity name of this operator, unlike that of any other
 * @param duration how long the Lease is good without being renewed: so long the others wait when a leader vanishes
 * @param renewDeadline how long the leader tries to renew before it gives up
 * @param retryPeriod pause between two tries
 */
public record LeaderElection(
        String namespace,
        String lease,
        String identity,
        Duration duration,
        Duration renewDeadline,
        Duration retryPeriod) {
    private static final String DEFAULT_LEASE = "vlfinetune-operator";
    private static final Duration DURATION = Duration.ofSeconds(15);
    private static final Duration RENEW_DEADLINE = Duration.ofSeconds(10);
    private static final Duration RETRY_PERIOD = Duration.ofSeconds(2);

    /** Refuses times with which two could lead at once, or the leader would give up without a second try. */
    public LeaderElection {
        if (renewDeadline.compareTo(duration) >= 0) {
            throw new IllegalArgumentException("the renew deadline %s must be shorter than the lease duration %s"
                    .formatted(renewDeadline, duration));
        }
        if (retryPeriod.compareTo(renewDeadline) >= 0 || retryPeriod.isNegative() || retryPeriod.isZero()) {
            throw new IllegalArgumentException(
                    "the retry period %s must be longer than zero and shorter than the renew deadline %s"
                            .formatted(retryPeriod, renewDeadline));
        }
    }

    /** With the usual times: 15 s, 10 s, 2 s. */
    public static LeaderElection of(String namespace, String lease, String identity) {
        return new LeaderElection(namespace, lease, identity, DURATION, RENEW_DEADLINE, RETRY_PERIOD);
    }

    /**
     * Reads the environment of the operator's pod: {@code VLFINETUNE_LEADER_ELECTION} ({@code true}; otherwise there is
     * no election), {@code VLFINETUNE_POD_NAMESPACE} and {@code VLFINETUNE_POD_NAME} (required then), {@code
     * VLFINETUNE_LEASE} (name of the Lease), {@code VLFINETUNE_LEASE_DURATION}, {@code VLFINETUNE_RENEW_DEADLINE} and
     * {@code VLFINETUNE_RETRY_PERIOD} (ISO 8601 durations).
     *
     * @throws IllegalArgumentException names the variable that is missing or cannot be read
     */
    public static Optional<LeaderElection> fromEnvironment(Map<String, String> environment) {
        String wanted = present(environment, "VLFINETUNE_LEADER_ELECTION", "false");
        return switch (wanted) {
            case "false" -> Optional.empty();
            case "true" ->
                Optional.of(new LeaderElection(
                        present(environment, "VLFINETUNE_POD_NAMESPACE", null),
                        present(environment, "VLFINETUNE_LEASE", DEFAULT_LEASE),
                        present(environment, "VLFINETUNE_POD_NAME", null),
                        time(environment, "VLFINETUNE_LEASE_DURATION", DURATION),
                        time(environment, "VLFINETUNE_RENEW_DEADLINE", RENEW_DEADLINE),
                        time(environment, "VLFINETUNE_RETRY_PERIOD", RETRY_PERIOD)));
            default ->
                throw new IllegalArgumentException(
                        "VLFINETUNE_LEADER_ELECTION is '" + wanted + "', must be true or false");
        };
    }

    private static String present(Map<String, String> environment, String variable, @Nullable String otherwise) {
        String text = environment.getOrDefault(variable, "").strip();
        if (!text.isEmpty()) {
            return text;
        }
        if (otherwise == null) {
            throw new IllegalArgumentException(
                    variable + " is not set: leader election needs it, the chart takes it from the pod");
        }
        return otherwise;
    }

    private static Duration time(Map<String, String> environment, String variable, Duration otherwise) {
        String text = present(environment, variable, otherwise.toString());
        try {
            return Duration.parse(text);
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(
                    variable + " is '" + text + "', must be an ISO 8601 duration such as " + otherwise, e);
        }
    }
}
