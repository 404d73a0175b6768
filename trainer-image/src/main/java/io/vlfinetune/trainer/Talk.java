package io.vlfinetune.trainer;

import io.vlfinetune.trainer.metrics.TrainerMetrics;
import io.vlfinetune.trainer.report.ProgressReporter;
import io.vlfinetune.trainer.report.RunLog;

/**
 * Whom an attempt tells how it gets on.
 *
 * @param reporter told of progress
 * @param metrics counts and measures
 * @param log told in words
 */
record Talk(ProgressReporter reporter, TrainerMetrics metrics, RunLog log) {}
