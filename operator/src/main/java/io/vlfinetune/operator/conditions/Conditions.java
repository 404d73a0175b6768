package io.vlfinetune.operator.conditions;

import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.operator.attempt.Times;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** The next conditions of a run, built on those before: lastTransitionTime moves only when a status does. */
public final class Conditions {
    private final List<Condition> before;
    private final long generation;
    private final Instant now;
    private final List<Condition> next = new ArrayList<>();

    /**
     * Starts empty.
     *
     * @param before conditions so far
     * @param generation generation of the spec that the next ones are about
     * @param now the time
     */
    public Conditions(List<Condition> before, long generation, Instant now) {
        this.before = before;
        this.generation = generation;
        this.now = now;
    }

    /** The condition of a type. */
    public static Optional<Condition> find(List<Condition> conditions, ConditionType type) {
        return conditions.stream()
                .filter(condition -> type.name().equals(condition.type()))
                .findFirst();
    }

    /** Whether the condition of a type is True. */
    public static boolean isTrue(List<Condition> conditions, ConditionType type) {
        return find(conditions, type)
                .map(condition -> "True".equals(condition.status()))
                .orElse(false);
    }

    /** Whether they say that a run succeeded or failed. */
    public static boolean ended(List<Condition> conditions) {
        return isTrue(conditions, ConditionType.Succeeded) || isTrue(conditions, ConditionType.Failed);
    }

    /** Adds a condition. */
    public Conditions set(ConditionType type, boolean value, String reason, String message) {
        String status = value ? "True" : "False";
        String since = find(before, type)
                .filter(condition -> Objects.equals(condition.status(), status))
                .map(Condition::lastTransitionTime)
                .orElseGet(() -> Times.format(now));
        next.add(new Condition(type.name(), status, generation, since, reason, message));
        return this;
    }

    /** Adds a condition as it was before. */
    public Conditions keep(Condition condition) {
        next.add(condition);
        return this;
    }

    /** The conditions added so far. */
    public List<Condition> list() {
        return List.copyOf(next);
    }
}
