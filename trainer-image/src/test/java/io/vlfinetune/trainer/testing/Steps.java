package io.vlfinetune.trainer.testing;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.Gradients;
import io.vlfinetune.trainer.model.SampleScore;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What one step of a model computes.
 *
 * @param loss of the batch
 * @param gradients of the trained tensors
 */
public record Steps(double loss, Map<String, float[]> gradients) {
    /** One step in one mode. */
    public static Steps of(
            Ops ops,
            Path model,
            Set<String> trainable,
            DType precision,
            Executor.Mode mode,
            List<EncodedSample> samples) {
        try (LoadedModel loaded = LoadedModel.open(ops, model, trainable, precision);
                Batch batch = loaded.batch(ops, samples);
                Gradients gradients = new Gradients(ops)) {
            double loss = loaded.executor(mode).step(batch, batch.targetCount(), gradients);
            Map<String, float[]> values = new LinkedHashMap<>();
            gradients.byTensor().forEach((name, gradient) -> values.put(name, gradient.toFloatArray()));
            return new Steps(loss, values);
        }
    }

    /** Asserts that all modes give the same bits, and returns the step. */
    public static Steps sameInAllModes(
            Ops ops, Path model, Set<String> trainable, DType precision, List<EncodedSample> samples) {
        Steps graph = of(ops, model, trainable, precision, Executor.Mode.GRAPH, samples);
        for (Executor.Mode mode : List.of(Executor.Mode.SEGMENTS, Executor.Mode.RECOMPUTE)) {
            Steps other = of(ops, model, trainable, precision, mode, samples);
            assertThat(other.loss).isEqualTo(graph.loss);
            assertThat(other.gradients.keySet()).isEqualTo(graph.gradients.keySet());
            graph.gradients.forEach((name, gradient) ->
                    assertThat(other.gradients.get(name)).as(name).isEqualTo(gradient));
        }
        return graph;
    }

    /** The mean loss of samples without training anything. */
    public static double loss(Ops ops, Path model, DType precision, List<EncodedSample> samples) {
        try (LoadedModel loaded = LoadedModel.open(ops, model, Set.of(), precision);
                Batch batch = loaded.batch(ops, samples)) {
            double sum = loaded.executor(Executor.Mode.SEGMENTS).evaluate(batch).stream()
                    .mapToDouble(SampleScore::crossEntropy)
                    .sum();
            return sum / batch.targetCount();
        }
    }

    /** Logits of samples without training anything. */
    public static float[] logits(Ops ops, Path model, List<EncodedSample> samples) {
        try (LoadedModel loaded = LoadedModel.open(ops, model, Set.of());
                Batch batch = loaded.batch(ops, samples);
                NDArray logits = loaded.executor(Executor.Mode.SEGMENTS).logits(batch)) {
            return logits.toFloatArray();
        }
    }
}
