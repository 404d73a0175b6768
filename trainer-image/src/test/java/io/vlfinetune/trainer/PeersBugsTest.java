package io.vlfinetune.trainer;

import static io.vlfinetune.trainer.testing.Declarations.freeze;
import static io.vlfinetune.trainer.testing.Declarations.training;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.freeze.PlannedTensor;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.Gradients;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.LoadedModel;
import io.vlfinetune.trainer.testing.PublishedModel;
import io.vlfinetune.trainer.testing.PublishedModel.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What went wrong in other trainers when something was to be frozen, one test each. Issues are named where a report of it is
 * known; LLaMA-Factory's repository is hiyouga/LlamaFactory now.
 */
class PeersBugsTest {
    private static final String SEVEN_BILLION = "qwen2.5-vl-7b-instruct";

    static final List<String> FAMILIES = FamilyFixture.ALL;

    @TempDir
    private Path folder;

    private static FreezePlan plan(Path model, String declaration) {
        try (PlannedModel planned = PlannedModel.open(model, freeze(declaration))) {
            return planned.plan();
        }
    }

    private static FreezePlan planOfFamily(String family, String declaration) {
        return plan(new FamilyFixture(family).folder(), declaration);
    }

    private Path published(String name) {
        return new PublishedModel(name).write(Layout.published, folder);
    }

    private static List<PlannedTensor> trained(FreezePlan plan) {
        return plan.table().tensors().stream()
                .filter(tensor -> plan.trains(tensor.name()))
                .toList();
    }

    /** A layer's number looked for in a name is found in others: PEFT took an expert's for the layer's (peft#3028). */
    @Test
    void layerOneDoesNotMatchTen() {
        Path model = published("llava-1.5-7b-hf");
        FreezePlan byNumber = plan(
                model,
                "{visionTower: true, projector: true, languageModel: true, rules: [{part: 'LanguageModel', layers: {from: 1, to: 1}, frozen: false}]}");
        assertThat(byNumber.trainable()).hasSize(9).allMatch(name -> name.startsWith("language_model.model.layers.1."));

        FreezePlan byName = plan(
                model,
                "{visionTower: true, projector: true, languageModel: true, rules: [{tensors: '*.layers.1.*', frozen: false}]}");
        assertThat(trained(byName))
                .extracting(tensor -> tensor.role().layer())
                .hasSize(9 + 16)
                .containsOnly(1);
    }

    /** A regex that fits no key trains something else than was meant, without a word: axolotl#3586. */
    @Test
    void aPatternThatMatchesNothingIsRefused() {
        assertThatThrownBy(
                        () -> planOfFamily(
                                "qwen3_vl",
                                "{visionTower: true, languageModel: true, rules: [{tensors: 'model.language_model.layers.[01].*', frozen: false}]}"))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessageStartingWith(
                        "spec.freeze.rules[0].tensors: model.language_model.layers.[01].* matches no tensor of this model; the nearest are model.language_model.layers.");
    }

    /** LlamaFactory#10139: {@code freeze_vision_tower} left Qwen3-VL's {@code visual.pos_embed} trainable. */
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void frozenTowerFreezesPositions(String family) {
        FreezePlan plan = planOfFamily(family, "{visionTower: true}");
        assertThat(plan.trains(Part.VisionTower)).isFalse();
        assertThat(trained(plan)).isNotEmpty().noneMatch(tensor -> tensor.role().part() == Part.VisionTower);
        assertThat(plan.frozen()).anyMatch(tensor -> tensor.role().role() == Role.PatchEmbedding);
        if (family.equals("qwen3_vl")) {
            assertThat(plan.trains("model.visual.pos_embed.weight")).isFalse();
        }
    }

    /** LlamaFactory#9399: Qwen3-VL's deepstack mergers were trained whatever was frozen, since no list named them. */
    @Test
    void deepstackMergersBelongToTheProjector() {
        FreezePlan towerFrozen = planOfFamily("qwen3_vl", "{visionTower: true, languageModel: true}");
        assertThat(towerFrozen.trainable())
                .hasSize(24)
                .filteredOn(name -> name.contains(".deepstack_merger_list."))
                .hasSize(18);
        FreezePlan projectorFrozen = planOfFamily("qwen3_vl", "{projector: true}");
        assertThat(projectorFrozen.trainable())
                .noneMatch(name -> name.contains("merger"))
                .contains("model.visual.pos_embed.weight");
    }

    /** fromage#18: the language model was frozen and its output head was trained all the same. */
    @Test
    void frozenLanguageModelFreezesOutputHead() {
        FreezePlan plan = plan(published(SEVEN_BILLION), "{languageModel: true}");
        assertThat(plan.trains("lm_head.weight")).isFalse();
        assertThat(plan.trains("model.embed_tokens.weight")).isFalse();
        assertThat(plan.trains(Part.LanguageModel)).isFalse();
        assertThat(plan.trainableParameters()).as("tower and merger alone").isEqualTo(676_550_144);
        assertThat(plan.totalParameters()).isEqualTo(8_292_166_656L);
    }

    /**
     * The last layers of the tower are asked for in LlamaFactory#7397, where a count means the language model's, and a negative
     * one the first layers (#8993, #8436). Here a count is a part's own and a larger one than it has is refused.
     */
    @Test
    void lastLayersNeverReachIntoTheProjector() {
        Path model = published(SEVEN_BILLION);
        String last =
                "{visionTower: true, projector: true, languageModel: true, rules: [{part: 'VisionTower', layers: {last: %d}, frozen: false}]}";
        assertThat(trained(plan(model, last.formatted(32))))
                .allMatch(tensor -> tensor.role().role() == Role.VisionBlock);
        assertThat(trained(plan(model, last.formatted(2))))
                .extracting(tensor -> tensor.role().layer())
                .containsOnly(30, 31);
        for (int count : List.of(33, 0, -1)) {
            assertThatThrownBy(() -> plan(model, last.formatted(count)))
                    .hasMessage("spec.freeze.rules[0].layers: last: " + count
                            + " reaches beyond the 32 layers of VisionTower; the nearest are 0 to 31");
        }
    }

    /** LlamaFactory#7872: with partial training the projector was frozen although its own switch said otherwise. */
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void visionFrozenLeavesTheProjector(String family) {
        FreezePlan plan = planOfFamily(family, "{visionTower: true, languageModel: true}");
        assertThat(trained(plan))
                .isNotEmpty()
                .isEqualTo(plan.table().tensors().stream()
                        .filter(tensor -> tensor.role().part() == Part.Projector)
                        .toList());
    }

    /**
     * mmdetection#6599: a backbone with learning rate 0 in the place of a freeze, whose weights still changed. Here such a tensor
     * is trained and told as such: gradients, state and time are spent on it.
     */
    @Test
    void learningRateZeroIsNotAFreeze() {
        TestRun run = new TestRun(folder)
                .freeze(
                        "{visionTower: true, languageModel: true, rules: [{tensors: '*.linear_2.*', frozen: false, learningRate: '0'}]}")
                .training("{weightDecay: '0.1', checkpointEvery: 4}");
        assertThat(run.start().exitCode()).isZero();

        assertThat(run.changed())
                .containsExactly("multi_modal_projector.linear_1.bias", "multi_modal_projector.linear_1.weight");
        assertThat(run.state(4))
                .containsKeys(
                        "weights/multi_modal_projector.linear_2.weight",
                        "optimizer/multi_modal_projector.linear_2.weight.exp_avg_sq");
        assertThat(run.document().at("/plan/phases/0/trainableTensors").asInt()).isEqualTo(4);
        assertThat(run.document().at("/proof/frozenTensors").asInt()).isEqualTo(110);
        assertThat(run.document().at("/proof/unchangedAfterRounding"))
                .extracting(JsonNode::asText)
                .containsExactly("multi_modal_projector.linear_2.bias", "multi_modal_projector.linear_2.weight");
    }

    /** VLM-R1#195: the switch made no difference, neither to the number of trainable parameters nor to the time. */
    @Test
    void aFrozenPartHasNoGradientBuffersAndNoOptimizerState() {
        TestRun run = new TestRun(folder).projectorOnly().training("{checkpointEvery: 4}");
        assertThat(run.start().exitCode()).isZero();
        assertThat(run.state(4)).hasSize(4 + 3 * 4);
        assertThat(run.state(4).keySet()).allMatch(name -> name.contains("/multi_modal_projector."));
        assertThat(run.metrics().stream().filter(line -> line.has("gradientNorms")))
                .hasSize(4)
                .allMatch(line -> partsWithGradients(line).equals(Set.of("Projector")));

        FamilyFixture fixture = new FamilyFixture("llava");
        Set<String> trainable = planOfFamily("llava", "{visionTower: true, languageModel: true}")
                .trainable();
        try (Ops ops = Ops.start(1, Optional.of(LinearKernel.MKL));
                LoadedModel model = LoadedModel.open(ops, fixture.folder(), trainable);
                Batch batch = model.batch(ops, fixture.samples("batch"));
                Gradients gradients = new Gradients(ops)) {
            model.executor(Executor.Mode.SEGMENTS).step(batch, batch.targetCount(), gradients);
            assertThat(gradients.byTensor().keySet()).isEqualTo(trainable);
            model.blueprint().chain().tensors().stream()
                    .filter(name -> !trainable.contains(name))
                    .forEach(name -> assertThat(model.weights().get(name).hasGradient())
                            .as(name)
                            .isFalse());
        }
    }

    private static Set<String> partsWithGradients(JsonNode line) {
        return line.path("gradientNorms")
                .propertyStream()
                .map(Map.Entry::getKey)
                .collect(toSet());
    }

    /** trl#6617: on text alone the trainable tower has no gradients, which is an error there on more than one device. */
    @Test
    void textOnlyBatchesWithATrainableTowerWork() throws IOException {
        TestRun run = new TestRun(folder).training("{steps: null, epochs: 1, batchSize: 1}");
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            lines.add(
                    i % 2 == 0
                            ? TestRun.sample("sample.png", "<image>Frage", "eins")
                            : "{\"messages\":[{\"role\":\"user\",\"content\":\"Frage\"},{\"role\":\"assistant\",\"content\":\"zwei\"}]}");
        }
        Files.write(run.data().resolve("train.jsonl"), lines);
        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        List<Set<String>> parts = run.metrics().stream()
                .filter(line -> line.has("gradientNorms"))
                .map(PeersBugsTest::partsWithGradients)
                .toList();
        assertThat(parts)
                .as("two samples with an image, two without")
                .containsExactlyInAnyOrder(
                        Set.of("LanguageModel"),
                        Set.of("LanguageModel"),
                        Set.of("VisionTower", "Projector", "LanguageModel"),
                        Set.of("VisionTower", "Projector", "LanguageModel"));
        assertThat(run.document().at("/proof/unused"))
                .allMatch(name -> name.asText().matches("vision_tower.*(layers\\.3\\.|post_layernorm).*"));
        assertThat(run.changed()).anyMatch(name -> name.contains("patch_embedding"));
    }

    /** transformers 4.52 moved both parts below {@code model.}, and names that were told to trainers no longer fitted. */
    @ParameterizedTest
    @ValueSource(strings = {"llava-1.5-7b-hf", "qwen2.5-vl-3b-instruct", SEVEN_BILLION})
    void oldAndNewKeyLayoutsGiveTheSamePlan(String name, @TempDir Path other) {
        String declaration =
                "{languageModel: true, rules: [{part: 'VisionTower', frozen: true}, {part: 'VisionTower', layers: {last: 2}, frozen: false, learningRate: '1e-6'}, {role: 'LanguageNorm', frozen: false}, {part: 'LanguageModel', layers: {first: 3}, frozen: false}]}";
        PublishedModel model = new PublishedModel(name);
        PlanDocument published = document(model.write(Layout.published, folder), declaration);
        PlanDocument saved = document(model.write(Layout.transformers5, other), declaration);

        assertThat(published.tensors())
                .extracting(PlanDocument.TensorPlan::name)
                .isNotEqualTo(saved.tensors().stream()
                        .map(PlanDocument.TensorPlan::name)
                        .toList());
        assertThat(withoutNames(published)).isEqualTo(withoutNames(saved));
        assertThat(published.parts()).isEqualTo(saved.parts());
        assertThat(published.parts().stream().mapToLong(PartStatus::trainable)).allMatch(count -> count > 0);
        assertThat(published.trainableParameters()).isEqualTo(saved.trainableParameters());
        assertThat(published.warnings()).isEqualTo(saved.warnings()).isEmpty();
    }

    private static PlanDocument document(Path model, String declaration) {
        try (PlannedModel planned = PlannedModel.open(model, freeze(declaration))) {
            return planned.document(training("{learningRate: '1e-5', layerDecay: {languageModel: '0.9'}}"));
        }
    }

    /** How many tensors of a role, a layer and a shape have what decision and rate. */
    private static Map<List<?>, Long> withoutNames(PlanDocument plan) {
        return plan.tensors().stream()
                .collect(groupingBy(
                        tensor -> List.of(
                                tensor.role(),
                                Optional.ofNullable(tensor.layer()),
                                tensor.shape(),
                                tensor.dtype(),
                                tensor.trainable(),
                                tensor.decidedBy(),
                                Optional.ofNullable(tensor.learningRate())),
                        counting()));
    }
}
