package io.vlfinetune.trainer.family;

import static io.vlfinetune.trainer.testing.Declarations.training;

import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.FreezeCases;
import io.vlfinetune.trainer.testing.FreezeCases.FixtureCase;
import io.vlfinetune.trainer.testing.FreezeRun;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Declarations of what is frozen, for every family, against a PyTorch loop: fixtures/tools/README.md. */
@ParameterizedClass(name = "{0}")
@FieldSource("FAMILIES")
class FreezeCasesTest {
    /** PyTorch's loop lets every tensor decay. */
    private static final TrainingSpec TRAINING = training("{learningRate: '1e-3', weightDecay: '0.01'}");

    /** LLaVA-NeXT reaches 1.7e-5 in its fourth step, every other family stays below 1e-5. */
    private static final double LOSS = 3e-5;

    private static final double NORMS = 2e-4;

    static final List<String> FAMILIES = FamilyFixture.ALL;

    private static Ops ops;
    private static Ops oneDnn;

    @TempDir
    private Path scratch;

    private final FamilyFixture fixture;
    private final FreezeCases cases;

    FreezeCasesTest(String family) {
        fixture = new FamilyFixture(family);
        cases = FreezeCases.of(family);
    }

    @BeforeAll
    static void start() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
        oneDnn = Ops.start(1, Optional.of(LinearKernel.ONEDNN));
    }

    @AfterAll
    static void stop() {
        oneDnn.close();
        ops.close();
    }

    static Stream<Arguments> casesAndModes() {
        return Stream.of(FixtureCase.values())
                .flatMap(name -> Stream.of(Executor.Mode.values()).map(mode -> Arguments.of(name, mode)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("casesAndModes")
    void givenADeclarationWhenTrainedThenCountsLossesAndNormsByPartAreThoseOfPyTorch(
            FixtureCase name, Executor.Mode mode) {
        run(ops).assertEquals(cases.of(name), mode);
    }

    @ParameterizedTest
    @EnumSource
    void givenTheOtherLinearKernelWhenTrainedThenAllIsThatOfPyTorchToo(FixtureCase name) {
        run(oneDnn).assertEquals(cases.of(name), Executor.Mode.SEGMENTS);
    }

    @Test
    void givenRatesByPartAndLayerDecayWhenTrainedThenLossesAreThoseOfPyTorch() {
        TrainingSpec rates = training(
                "{learningRate: '1e-3', partLearningRates: {visionTower: '2e-4', projector: '1e-2'}, layerDecay: {visionTower: '0.9'}, weightDecay: '0.01'}");
        run(ops, rates).assertEquals(cases.rates(), Executor.Mode.SEGMENTS);
    }

    private FreezeRun run(Ops engine) {
        return run(engine, TRAINING);
    }

    private FreezeRun run(Ops engine, TrainingSpec training) {
        return new FreezeRun(engine, fixture.folder(), scratch, fixture.samples("batch"), training, LOSS, NORMS);
    }
}
