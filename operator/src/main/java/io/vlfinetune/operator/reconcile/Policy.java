package io.vlfinetune.operator.reconcile;

import java.util.Optional;

/**
 * One concern of a run's life. Policies are asked in order and the first that decides wins; each is a pure function of
 * the situation.
 */
@FunctionalInterface
public interface Policy {
    /** What to do; empty where this concern does not apply. */
    Optional<Decision> decide(Situation situation);
}
