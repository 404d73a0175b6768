package io.vlfinetune.operator.conditions;

/**
 * What conditions depend on beside a run's state and facts.
 *
 * @param ephemeral whether checkpoints go with their pod
 * @param healthIsCompletion whether tools shall take the run for unfinished work until it has ended
 */
public record RunTraits(boolean ephemeral, boolean healthIsCompletion) {}
