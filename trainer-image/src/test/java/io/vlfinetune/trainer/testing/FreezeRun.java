package io.vlfinetune.trainer.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Part;
import io.vlfinetune.trainer.PlannedModel;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.freeze.PlannedTensor;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.Gradients;
import io.vlfinetune.trainer.optimize.AdamW;
import io.vlfinetune.trainer.optimize.AdamWSettings;
import io.vlfinetune.trainer.optimize.Rate;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Trains as a declaration says and compares every step with what PyTorch computes.
 *
 * @param ops the engine
 * @param model its folder
 * @param samples one batch
 * @param learningRate constant
 * @param lossTolerance how far losses may be apart, relative to PyTorch's
 * @param normTolerance how far norms may be apart, relative to PyTorch's
 */
public record FreezeRun(
        Ops ops,
        Path model,
        List<EncodedSample> samples,
        double learningRate,
        double lossTolerance,
        double normTolerance) {
    /** PyTorch's loop lets every tensor decay. */
    private static final double DECAY = 0.01;

    /** It clips nothing. */
    private static final AdamWSettings SETTINGS = new AdamWSettings(0.9, 0.999, 1e-8, Double.POSITIVE_INFINITY);

    /** Asserts the plan, and the losses and gradients of every step, of a case with one declaration. */
    public void assertEquals(FreezeCase expected, Executor.Mode mode) {
        assertThat(expected.phases()).hasSize(1);
        FreezeCase.Phase phase = expected.phases().getFirst();
        FreezePlan plan;
        try (PlannedModel planned = PlannedModel.open(model, phase.freeze())) {
            plan = planned.plan();
        }
        assertThat(counts(plan)).isEqualTo(phase.trainable());
        try (LoadedModel loaded = LoadedModel.open(ops, model, plan.trainable());
                Batch batch = loaded.batch(ops, samples)) {
            Executor executor = loaded.executor(mode);
            try (AdamW optimizer = new AdamW(loaded.weights(), executor.trainedTensors(), SETTINGS)) {
                for (int step = 0; step < phase.steps(); step++) {
                    try (Gradients gradients = new Gradients(ops)) {
                        double loss = executor.step(batch, batch.targetCount(), gradients);
                        assertLoss(step, loss, expected);
                        assertThat(without(gradients, plan)).isEqualTo(phase.withoutGradient());
                        FreezeCase.Norms norms = expected.steps().get(step);
                        assertNorms(gradients, plan, norms.byPart());
                        double norm = optimizer.step(gradients.byTensor(), tensor -> new Rate(learningRate, DECAY));
                        assertThat(norm).isCloseTo(norms.whole(), within(norms.whole() * normTolerance));
                    }
                }
            }
            try (Gradients gradients = new Gradients(ops)) {
                assertLoss(phase.steps(), executor.step(batch, batch.targetCount(), gradients), expected);
            }
        }
    }

    private void assertLoss(int step, double loss, FreezeCase expected) {
        double wanted = expected.losses().get(step);
        assertThat(loss).as("loss before step %d", step).isCloseTo(wanted, within(wanted * lossTolerance));
    }

    private static Map<Part, FreezeCase.Count> counts(FreezePlan plan) {
        return plan.table().tensors().stream()
                .filter(tensor -> plan.trains(tensor.name()))
                .collect(Collectors.toMap(
                        tensor -> tensor.role().part(),
                        tensor -> new FreezeCase.Count(1, tensor.parameters()),
                        (a, b) -> new FreezeCase.Count(a.tensors() + b.tensors(), a.parameters() + b.parameters())));
    }

    private static Set<String> without(Gradients gradients, FreezePlan plan) {
        Set<String> names = new HashSet<>(plan.trainable());
        names.removeAll(gradients.byTensor().keySet());
        return names;
    }

    private void assertNorms(Gradients gradients, FreezePlan plan, Map<Part, Double> expected) {
        Map<String, Part> parts = plan.table().tensors().stream()
                .collect(Collectors.toMap(
                        PlannedTensor::name, tensor -> tensor.role().part()));
        Map<Part, Double> squares = new EnumMap<>(Part.class);
        gradients
                .byTensor()
                .forEach((tensor, gradient) -> squares.merge(parts.get(tensor), square(gradient), Double::sum));
        assertThat(squares.keySet()).isEqualTo(expected.keySet());
        expected.forEach((part, norm) -> assertThat(Math.sqrt(squares.get(part)))
                .as("gradient norm of %s", part)
                .isCloseTo(norm, within(norm * normTolerance)));
    }

    private static double square(NDArray gradient) {
        double sum = 0;
        for (float value : gradient.toFloatArray()) {
            sum += (double) value * value;
        }
        return sum;
    }
}
