package io.vlfinetune.trainer.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.PhaseEnd;
import io.vlfinetune.api.PhaseSpec;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.PlannedModel;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.freeze.Proof;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.Gradients;
import io.vlfinetune.trainer.optimize.AdamW;
import io.vlfinetune.trainer.optimize.AdamWSettings;
import io.vlfinetune.trainer.optimize.GradientNorms;
import io.vlfinetune.trainer.optimize.ParameterGroup;
import io.vlfinetune.trainer.optimize.ParameterGroups;
import io.vlfinetune.trainer.optimize.Rate;
import io.vlfinetune.trainer.output.OutputFolder;
import io.vlfinetune.trainer.source.SourceFolder;
import java.nio.file.Path;
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
 * @param scratch where its output is written for the proof
 * @param samples one batch
 * @param training learning rates and decay; nothing else of it counts
 * @param lossTolerance how far losses may be apart, relative to PyTorch's
 * @param normTolerance how far norms may be apart, relative to PyTorch's
 */
public record FreezeRun(
        Ops ops,
        Path model,
        Path scratch,
        List<EncodedSample> samples,
        TrainingSpec training,
        double lossTolerance,
        double normTolerance) {
    /** PyTorch's loop clips nothing. */
    private static final AdamWSettings SETTINGS = new AdamWSettings(0.9, 0.999, 1e-8, Double.POSITIVE_INFINITY);

    /** Asserts the plan, and the losses and gradients of every step, phase by phase. */
    public void assertEquals(FreezeCase expected, Executor.Mode mode) {
        List<FreezePlan> plans =
                expected.phases().stream().map(phase -> plan(phase.freeze())).toList();
        try (LoadedModel loaded = LoadedModel.open(ops, model, plans.getFirst().trainable());
                Batch batch = loaded.batch(ops, samples);
                AdamW optimizer = new AdamW(loaded.weights(), List.of(), SETTINGS)) {
            int step = 0;
            for (int i = 0; i < plans.size(); i++) {
                FreezeCase.Phase phase = expected.phases().get(i);
                FreezePlan plan = plans.get(i);
                assertThat(counts(plan)).isEqualTo(phase.trainable());
                loaded.weights().train(plan.trainable());
                Executor executor = loaded.executor(mode);
                optimizer.train(executor.trainedTensors());
                ParameterGroups groups = ParameterGroups.of(plan, training, executor.trainedTensors(), Set.of());
                for (int end = step + phase.steps(); step < end; step++) {
                    try (Gradients gradients = new Gradients(ops)) {
                        assertLoss(step, executor.step(batch, batch.targetCount(), gradients), expected);
                        assertThat(without(gradients, plan)).isEqualTo(phase.withoutGradient());
                        GradientNorms norms = optimizer.step(gradients.byTensor(), tensor -> rate(groups.of(tensor)));
                        assertNorms(norms, groups, expected.steps().get(step));
                    }
                }
            }
            try (Gradients gradients = new Gradients(ops)) {
                assertLoss(step, loaded.executor(mode).step(batch, batch.targetCount(), gradients), expected);
            }
            assertProof(expected, loaded);
        }
    }

    /** Frozen is what is frozen in every phase; unused is what no gradient reached in any. */
    private void assertProof(FreezeCase expected, LoadedModel loaded) {
        List<PhaseSpec> phases = expected.phases().stream()
                .map(phase -> new PhaseSpec(
                        "phase-" + expected.phases().indexOf(phase),
                        new PhaseEnd(phase.steps(), null, null),
                        phase.freeze().visionTower(),
                        phase.freeze().projector(),
                        phase.freeze().languageModel(),
                        phase.freeze().rules()))
                .toList();
        FreezePlan whole = plan(new FreezeSpec(false, false, false, List.of(), phases, null));
        Set<String> reached = new HashSet<>(whole.trainable());
        expected.phases().forEach(phase -> reached.removeAll(phase.withoutGradient()));
        OutputFolder output = new OutputFolder(scratch.resolve("proved"), "0-1", 1);
        output.write(
                loaded.checkpoint(),
                whole,
                loaded.weights(),
                SourceFolder.ofThisMachine(loaded.checkpoint().folder(), "spec.model.source"));
        Proof proof = output.prove(loaded.checkpoint(), whole, reached);
        output.discard();
        assertThat(proof.leaked()).isEmpty();
        assertThat(proof.frozenTensors()).isEqualTo(whole.frozen().size());
        assertThat(proof.unused()).containsExactlyInAnyOrderElementsOf(unused(whole, reached));
        assertThat(proof.changed()).isNotEmpty();
    }

    private static Set<String> unused(FreezePlan whole, Set<String> reached) {
        Set<String> names = new HashSet<>(whole.trainable());
        names.removeAll(reached);
        return names;
    }

    private FreezePlan plan(FreezeSpec freeze) {
        try (PlannedModel planned = PlannedModel.open(model, freeze)) {
            return planned.plan();
        }
    }

    private static Rate rate(ParameterGroup group) {
        return new Rate(group.learningRate(), group.weightDecay());
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

    private void assertNorms(GradientNorms norms, ParameterGroups groups, FreezeCase.Norms expected) {
        assertThat(norms.total()).isCloseTo(expected.whole(), within(expected.whole() * normTolerance));
        Map<Part, Double> byPart = groups.byPart(norms.byTensor());
        assertThat(byPart.keySet()).isEqualTo(expected.byPart().keySet());
        expected.byPart()
                .forEach((part, norm) -> assertThat(byPart.get(part))
                        .as("gradient norm of %s", part)
                        .isCloseTo(norm, within(norm * normTolerance)));
    }
}
