package io.vlfinetune.trainer.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vlfinetune.api.Part;
import io.vlfinetune.trainer.engine.PeakMemory;
import io.vlfinetune.trainer.prefix.CacheStatistics;
import io.vlfinetune.trainer.report.MetricsLog;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The meters of one attempt, fed by what {@code metrics.jsonl} gets. Gauges are there from the start and not a number
 * until they are known; those of a part that is frozen in the present phase are not a number either. The names stand in
 * docs/observability.md, which a test compares with this code.
 */
public final class TrainerMetrics implements MetricsLog.Mirror, AutoCloseable {
    private static final String PREFIX = "vlfinetune.trainer.";
    private static final int MOST_SETS = 32;

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Value step = gauge("step", "Completed optimizer steps");
    private final Value steps = gauge("steps", "Optimizer steps of the whole run");
    private final Value epoch = gauge("epoch", "Passes over the training data so far");
    private final Value loss = gauge("loss", "Mean cross entropy over the latest step's target tokens");
    private final Value samplesPerSecond =
            gauge("samples.per.second", "Training samples per second of the latest step");
    private final Value tokensPerSecond = gauge("tokens.per.second", "Tokens per second of the latest step");
    private final Value gradientNorm =
            gauge("gradient.norm", "Global gradient norm of the latest step, before clipping");
    private final Map<Part, Value> gradientNorms =
            byPart("part.gradient.norm", "Gradient norm of a part in the latest step, before clipping");
    private final Map<Part, Value> learningRates = byPart("learning.rate", "Highest learning rate of a part");
    private final Value cacheBytes = gauge("prefix.cache.size.bytes", "What the prefix cache stores");
    private final Value cacheHits = counter("prefix.cache.hits", "Units that were read from the prefix cache");
    private final Value cacheMisses = counter("prefix.cache.misses", "Units that were computed for the prefix cache");
    private final Counter samples = Counter.builder(PREFIX + "samples")
            .description("Training samples of this attempt")
            .register(registry);
    private final Counter tokens = Counter.builder(PREFIX + "tokens")
            .description("Tokens of this attempt, image tokens included")
            .register(registry);
    private final Counter checkpoints = Counter.builder(PREFIX + "checkpoints")
            .description("Checkpoints that this attempt wrote")
            .register(registry);
    private final Map<String, Value> evaluations = new HashMap<>();

    /** Meters of an attempt that has not begun. */
    public TrainerMetrics() {
        Gauge.builder(PREFIX + "resident.memory.bytes", PeakMemory::residentBytes)
                .description("Resident memory of the trainer")
                .register(registry);
        Gauge.builder(PREFIX + "peak.memory.bytes", PeakMemory::bytes)
                .description("Largest resident memory so far")
                .register(registry);
    }

    private Value gauge(String name, String description) {
        return gauge(name, description, Tags.empty());
    }

    private Value gauge(String name, String description, Tags tags) {
        Value value = new Value();
        Gauge.builder(PREFIX + name, value, Value::get)
                .description(description)
                .tags(tags)
                .strongReference(true)
                .register(registry);
        return value;
    }

    /** What something else counts; begins anew with each phase, which Prometheus takes for a restart. */
    private Value counter(String name, String description) {
        Value value = new Value();
        value.set(0L);
        FunctionCounter.builder(PREFIX + name, value, Value::get)
                .description(description)
                .register(registry);
        return value;
    }

    private Map<Part, Value> byPart(String name, String description) {
        Map<Part, Value> values = new EnumMap<>(Part.class);
        for (Part part : Part.values()) {
            values.put(part, gauge(name, description, Tags.of("part", part.name())));
        }
        return values;
    }

    /**
     * The attempt begins to train.
     *
     * @param completed steps that earlier attempts completed
     * @param total steps of the whole run
     */
    public void begin(long completed, long total) {
        step.set(completed);
        steps.set(total);
    }

    @Override
    public void add(MetricsLog.Step taken) {
        step.set(taken.step());
        epoch.set(taken.epoch());
        loss.set(taken.loss());
        gradientNorm.set(taken.gradientNorm());
        set(gradientNorms, taken.gradientNorms());
        set(learningRates, taken.learningRates());
        samples.increment((double) taken.samples());
        tokens.increment((double) taken.tokens());
        if (taken.seconds() > 0) {
            samplesPerSecond.set(taken.samples() / taken.seconds());
            tokensPerSecond.set(taken.tokens() / taken.seconds());
        }
        CacheStatistics cache = taken.cache();
        if (cache != null) {
            cacheHits.set(cache.hits());
            cacheMisses.set(cache.misses());
            cacheBytes.set(cache.bytes());
        }
    }

    private static void set(Map<Part, Value> gauges, Map<Part, Double> values) {
        gauges.forEach((part, gauge) -> gauge.set(values.getOrDefault(part, Double.NaN)));
    }

    @Override
    public void add(MetricsLog.Evaluation evaluation) {
        evaluated(evaluation.evaluation(), "loss", evaluation.loss());
        evaluated(evaluation.evaluation(), "accuracy", evaluation.accuracy());
    }

    /** The declaration bounds the sets; a series for each is kept all the same to a number that Prometheus can bear. */
    private void evaluated(String set, String metric, double value) {
        String key = set + "/" + metric;
        if (evaluations.containsKey(key) || evaluations.size() < 2 * MOST_SETS) {
            evaluations
                    .computeIfAbsent(
                            key,
                            name -> gauge(
                                    "evaluation", "Evaluation metrics by set", Tags.of("set", set, "metric", metric)))
                    .set(value);
        }
    }

    /** A checkpoint is complete. */
    public void checkpointWritten() {
        checkpoints.increment();
    }

    /** All meters in Prometheus' text format. */
    public String scrape() {
        return Objects.requireNonNull(registry.scrape());
    }

    @Override
    public void close() {
        registry.close();
    }
}
