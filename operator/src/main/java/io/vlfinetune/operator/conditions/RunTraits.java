package io.vlfinetune.operator.conditions;

import io.vlfinetune.operator.queue.QuotaFacts;
import org.jspecify.annotations.Nullable;

/**
 * What conditions depend on beside a run's state and facts.
 *
 * @param ephemeral whether checkpoints go with their pod
 * @param healthIsCompletion whether tools shall take the run for unfinished work until it has ended
 * @param quota what is to be said of the present attempt's quota; null: nothing
 */
public record RunTraits(
        boolean ephemeral,
        boolean healthIsCompletion,
        @Nullable QuotaFacts quota) {}
