package io.vlfinetune.trainer.memory;

import static io.vlfinetune.trainer.testing.Declarations.freeze;
import static io.vlfinetune.trainer.testing.Declarations.training;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.MemoryStatus;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.PlannedModel;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.testing.FamilyFixture;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Estimates of the fixtures under a workload that dwarfs them, so that activations are what counts. */
class MemoryEstimateTest {
    static final List<String> FAMILIES = FamilyFixture.ALL;

    private static final Workload LARGE = new Workload(8, 80_000, 20_000, 40_000, 2_000, 0, 0, null);
    private static final TrainingSpec FLOAT32 = training("{batchSize: 8, precision: 'Float32'}");
    private static final String LAST_LAYER =
            "{visionTower: true, projector: true, languageModel: true, rules: [{part: 'LanguageModel', layers: {last: 1}, frozen: false}]}";

    private static MemoryPlan plan(String family, FreezeSpec freeze, TrainingSpec training, OptionalLong limit) {
        try (PlannedModel planned = PlannedModel.open(new FamilyFixture(family).folder(), freeze)) {
            return MemoryPlan.of(planned.blueprint(), planned.phases(), training, LARGE, limit);
        }
    }

    private static MemoryStatus estimate(String family, String freeze, TrainingSpec training) {
        return plan(family, freeze(freeze), training, OptionalLong.empty())
                .estimates()
                .getFirst();
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void givenMoreIsFrozenThenNothingNeedsMore(String family) {
        MemoryStatus full = estimate(family, "{}", FLOAT32);
        MemoryStatus tower = estimate(family, "{visionTower: true}", FLOAT32);
        MemoryStatus projector = estimate(family, "{visionTower: true, languageModel: true}", FLOAT32);
        MemoryStatus last = estimate(family, LAST_LAYER, FLOAT32);

        assertThat(tower.total()).isLessThan(full.total());
        assertThat(projector.total()).isLessThan(tower.total());
        assertThat(last.total()).isLessThan(projector.total());
        assertThat(projector.optimizer()).isLessThan(tower.optimizer()).isPositive();
        assertThat(tower.activations()).isLessThan(full.activations());
    }

    /** LLaMA-Factory #9202: a frozen language model above a trained projector took more memory than a trained one. */
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void givenAFrozenLanguageModelAboveATrainedProjectorThenItsActivationsCostNoMoreThanThoseOfATrainedOne(
            String family) {
        MemoryStatus frozen = estimate(family, "{visionTower: true, languageModel: true}", FLOAT32);
        MemoryStatus trained = estimate(family, "{visionTower: true}", FLOAT32);

        assertThat(frozen.activations()).isLessThanOrEqualTo(trained.activations());
        assertThat(frozen.gradients()).isLessThan(trained.gradients());
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void givenHalfThePrecisionOrLayersThatRunAgainThenLessIsNeeded(String family) {
        long kept = estimate(family, "{}", FLOAT32).total();
        assertThat(estimate(family, "{}", training("{batchSize: 8}")).total()).isLessThan(kept);
        assertThat(estimate(family, "{}", training("{batchSize: 8, precision: 'Float32', recompute: 'Always'}"))
                        .total())
                .isLessThan(kept);
    }

    @Test
    void givenPhasesThenEachHasItsOwnPeakAndMastersOfAnEarlierOneStay() {
        FreezeSpec phases = freeze(
                "{phases: [{name: 'one', until: {steps: 1}, visionTower: true}, {name: 'two', visionTower: true, languageModel: true}]}");
        MemoryPlan plan = plan("llava", phases, training("{batchSize: 8}"), OptionalLong.empty());

        assertThat(plan.phases()).extracting(MemoryPlan.PhaseMemory::name).containsExactly("one", "two");
        MemoryStatus projectorAlone =
                estimate("llava", "{visionTower: true, languageModel: true}", training("{batchSize: 8}"));
        assertThat(plan.estimates().getLast().weights()).isGreaterThan(projectorAlone.weights());
        assertThat(plan.total()).isEqualTo(plan.estimates().getFirst().total());
    }

    @Test
    void givenALimitThatOnlyRunningAgainMeetsThenAutoRunsLayersAgain() {
        long kept = estimate("llava", "{}", FLOAT32).total();
        MemoryPlan plan = plan("llava", FreezeSpec.NOTHING, FLOAT32, OptionalLong.of(kept - 1));

        assertThat(plan.phases().getFirst().recompute()).isTrue();
        assertThat(plan.total()).isLessThan(kept);
        assertThat(plan("llava", FreezeSpec.NOTHING, FLOAT32, OptionalLong.of(kept))
                        .phases()
                        .getFirst()
                        .recompute())
                .isFalse();
        TrainingSpec never = training("{batchSize: 8, precision: 'Float32', recompute: 'Never'}");
        assertThat(plan("llava", FreezeSpec.NOTHING, never, OptionalLong.of(kept - 1))
                        .total())
                .isEqualTo(kept);
    }

    @Test
    void givenALimitThatNothingMeetsButAFreezeThenTheRefusalSaysWhichAndHowMuch() {
        long last = estimate(
                        "llava",
                        "{visionTower: true, languageModel: true}",
                        training("{batchSize: 1, precision: 'BFloat16'}"))
                .total();
        TrainingSpec never = training("{batchSize: 8, precision: 'BFloat16', recompute: 'Never'}");
        try (PlannedModel planned = PlannedModel.open(new FamilyFixture("llava").folder(), FreezeSpec.NOTHING)) {
            OptionalLong limit = OptionalLong.of(last);
            MemoryPlan plan = MemoryPlan.of(planned.blueprint(), planned.phases(), never, LARGE, limit);
            assertThatThrownBy(() -> plan.requireFits(
                            planned.blueprint(), planned.phases(), FreezeSpec.NOTHING, never, LARGE, limit))
                    .isInstanceOfSatisfying(
                            TrainerException.class,
                            problem -> assertThat(problem.reason()).isEqualTo(Reason.DoesNotFit))
                    .hasMessageContaining("but the pod has " + MemoryPlan.size(last))
                    .hasMessageContaining("what would fit: ")
                    .hasMessageContaining("spec.training.recompute: Always (about ");
        }
    }

    /** Of 7 samples 3 and 3 would be another training. */
    @Test
    void givenABatchOfAnOddSizeThenTheAdviceKeepsTheSamplesOfAStep() {
        assertThat(refusal(7, 7)).contains("spec.training.batchSize: 1 with gradientAccumulation: 7 (about ");
        assertThat(refusal(6, 2)).contains("spec.training.batchSize: 3 with gradientAccumulation: 2 (about ");
    }

    /** What is said where no more fits than one of so many parts of the batch. */
    private static String refusal(int batchSize, int parts) {
        TrainingSpec declared = training("{batchSize: %d, recompute: 'Never'}".formatted(batchSize));
        TrainingSpec part = declared.with(batchSize / parts, parts);
        try (PlannedModel planned = PlannedModel.open(new FamilyFixture("llava").folder(), FreezeSpec.NOTHING)) {
            OptionalLong limit = OptionalLong.of(
                    MemoryPlan.of(planned.blueprint(), planned.phases(), part, LARGE.share(parts), OptionalLong.empty())
                            .total());
            MemoryPlan plan = MemoryPlan.of(planned.blueprint(), planned.phases(), declared, LARGE, limit);
            return catchThrowable(() -> plan.requireFits(
                            planned.blueprint(), planned.phases(), FreezeSpec.NOTHING, declared, LARGE, limit))
                    .getMessage();
        }
    }

    /** Batches that wait, the one in use, and the array that is made of it: whatever a step accumulates. */
    @Test
    void givenPixelsThenTheyCountAsOftenAsTheyAreThereButNotOnceForEachMicroBatch() {
        Workload pixels = new Workload(8, 80_000, 20_000, 40_000, 2_000, 1_000_000, 0, null);
        try (PlannedModel planned = PlannedModel.open(new FamilyFixture("llava").folder(), FreezeSpec.NOTHING)) {
            for (TrainingSpec spec : List.of(FLOAT32, FLOAT32.with(8, 16))) {
                assertThat(process(planned, spec, pixels) - process(planned, spec, LARGE))
                        .isEqualTo(4_000_000);
            }
        }
    }

    /** Training runs a frozen tower an image at a time, an evaluation runs it for the whole batch. */
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void givenAnEvaluationLargerThanTrainingThenThePeakIsItsOwn(String family) {
        FreezeSpec projector = freeze("{visionTower: true, languageModel: true}");
        try (PlannedModel planned = PlannedModel.open(new FamilyFixture(family).folder(), projector)) {
            long trained = total(planned, null);
            assertThat(total(planned, new Workload(1, 100, 20, 40, 2, 0, 0, null)))
                    .isEqualTo(trained);
            Workload large = new Workload(8, 8_000_000, 20_000, 40_000, 2_000, 0, 0, null);
            assertThat(total(planned, large)).isGreaterThan(2 * trained);
            // Twice the tower's rows, twice its peak.
            Workload twice = new Workload(8, 16_000_000, 20_000, 40_000, 2_000, 0, 0, null);
            assertThat(total(planned, twice) - total(planned, large)).isGreaterThan(trained);
        }
    }

    @Test
    void givenEvaluationSetsThenTheirSamplesInMemoryCountBesideTheTrainingBatchesThatWait() {
        Workload training = new Workload(8, 80_000, 20_000, 40_000, 2_000, 1_000_000, 3_000, null);
        Workload evaluation = new Workload(8, 80_000, 20_000, 40_000, 2_000, 1_000_000, 5_000, null);
        try (PlannedModel planned = PlannedModel.open(new FamilyFixture("llava").folder(), FreezeSpec.NOTHING)) {
            assertThat(process(planned, FLOAT32, with(training, evaluation)) - process(planned, FLOAT32, training))
                    .isEqualTo(2_000_000 + 5_000);
        }
    }

    /** 17 tiles of 384 x 384 pixels a sample. */
    @Test
    void givenABatchWhosePixelsTheHeapDoesNotHoldThenItIsRefusedWithBothSizes() {
        Workload tiles = new Workload(8, 80_000, 20_000, 40_000, 2_000, 8 * 30_081_024L, 64 << 20, null);
        assertThatThrownBy(() -> tiles.requireHeap(512L << 20))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.DoesNotFit))
                .hasMessageContaining("need about 753 MiB of Java heap, but the trainer has 512 MiB")
                .hasMessageContaining("spec.training.batchSize");
        tiles.requireHeap(1L << 30);
        assertThatThrownBy(() -> with(tiles, tiles).requireHeap(1L << 30))
                .as("an evaluation beside the training batches that wait")
                .isInstanceOf(TrainerException.class);
    }

    /** Of Gemma 3: two kinds of masks where the window is shorter than a row. */
    @Test
    void givenAttentionByMasksThenTheyCount() {
        Workload rows = new Workload(2, 80_000, 20_000, 2_000, 200, 0, 0, null);
        Workload text = new Workload(2, 0, 0, 2_000, 200, 0, 0, null);
        long place = 1000 * 1000 * (4 + 4);
        long llava;
        try (PlannedModel planned = PlannedModel.open(new FamilyFixture("llava").folder(), FreezeSpec.NOTHING)) {
            llava = process(planned, FLOAT32, rows);
        }
        try (PlannedModel planned = PlannedModel.open(new FamilyFixture("gemma3").folder(), FreezeSpec.NOTHING)) {
            assertThat(process(planned, FLOAT32, rows) - llava).isEqualTo(2 * 2 * place);
            assertThat(process(planned, FLOAT32, text) - llava).isEqualTo(place);
        }
    }

    private static Workload with(Workload training, @Nullable Workload evaluation) {
        return new Workload(
                training.rows(),
                training.towerRows(),
                training.features(),
                training.tokens(),
                training.targets(),
                training.pixelBytes(),
                training.cachedBytes(),
                evaluation);
    }

    private static long total(PlannedModel planned, @Nullable Workload evaluation) {
        return MemoryPlan.of(
                        planned.blueprint(), planned.phases(), FLOAT32, with(LARGE, evaluation), OptionalLong.empty())
                .total();
    }

    private static long process(PlannedModel planned, TrainingSpec spec, Workload workload) {
        return MemoryPlan.of(planned.blueprint(), planned.phases(), spec, workload, OptionalLong.empty())
                .estimates()
                .getFirst()
                .process();
    }

    @Test
    void givenALimitThatNothingMeetsThenTheRefusalSaysHowMuchIsNeeded() {
        try (PlannedModel planned = PlannedModel.open(new FamilyFixture("llava").folder(), FreezeSpec.NOTHING)) {
            OptionalLong limit = OptionalLong.of(1 << 20);
            MemoryPlan plan = MemoryPlan.of(planned.blueprint(), planned.phases(), FLOAT32, LARGE, limit);
            assertThatThrownBy(() -> plan.requireFits(
                            planned.blueprint(), planned.phases(), FreezeSpec.NOTHING, FLOAT32, LARGE, limit))
                    .hasMessageContaining("give spec.resources.memory at least " + MemoryPlan.size(plan.total()));
        }
    }

    @Test
    void givenBytesThenTheyAreWrittenInTheUnitThatFits() {
        assertThat(MemoryPlan.size(300L << 20)).isEqualTo("300 MiB");
        assertThat(MemoryPlan.size(5L << 29)).isEqualTo("2.50 GiB");
    }
}
