package io.vlfinetune.trainer.prefix;

/**
 * What a prefix cache did so far in this attempt.
 *
 * @param hits units that were read
 * @param misses units that were computed
 * @param bytes what is stored, units of an earlier attempt included
 * @param secondsSaved time that computing the units read had taken, less the time to read them
 */
public record CacheStatistics(long hits, long misses, long bytes, double secondsSaved) {}
