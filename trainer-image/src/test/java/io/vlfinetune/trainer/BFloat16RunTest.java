package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.testing.LlavaFixture;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.TensorContent;
import io.vlfinetune.trainer.weights.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Training in BFloat16 with the vision tower frozen: the arithmetic is coarse, what is kept of it is not. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BFloat16RunTest {
    private TestRun trained;

    @BeforeAll
    void train(@TempDir Path folder) {
        trained = run(folder);
        TestRun.Ended ended = trained.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(Objects.requireNonNull(ended.lastWord().proof()).holds()).isTrue();
    }

    /** BFloat16 is the default. */
    private static TestRun run(Path folder) {
        TestRun run = new TestRun(folder)
                .projectorAndLanguageModel()
                .training(Map.of("evaluateEvery", 2, "checkpointEvery", 1));
        run.part("training").remove("precision");
        return run;
    }

    @Test
    void thenEveryTrainedPartChangesAndTheOutputHasTheTypesOfTheBaseModel() {
        // changed() holds names, types and shapes of both folders against each other.
        assertThat(trained.changed())
                .isNotEmpty()
                .noneMatch(name -> name.startsWith("vision_tower"))
                .anyMatch(name -> name.startsWith("multi_modal_projector"))
                .anyMatch(name -> name.startsWith("language_model"));
        assertThat(trained.document().at("/proof/leaked")).isEmpty();
    }

    @Test
    void thenMastersAndMomentsInCheckpointsAreFloat32() {
        Path newest = trained.checkpoints().getLast();
        try (Safetensors state = Safetensors.open(newest.resolve("state.safetensors"));
                Checkpoint base = Checkpoint.open(trained.model())) {
            assertThat(state.tensors().values())
                    .hasSizeGreaterThan(3 * 40)
                    .extracting(TensorInfo::dtype)
                    .containsOnly(DType.F32);
            // A master that had been rounded to BFloat16 on the way would have 16 zero bits in every element.
            String name = "weights/multi_modal_projector.linear_1.weight";
            assertThat(state.info(name).shape())
                    .isEqualTo(base.tensors()
                            .get("multi_modal_projector.linear_1.weight")
                            .shape());
            int[] bits = state.bytes(name).toArray(ValueLayout.JAVA_INT_UNALIGNED);
            assertThat(Arrays.stream(bits)).anyMatch(element -> (element & 0xffff) != 0);
        }
    }

    @Test
    void thenLossesAreNearThoseOfFloat32(@TempDir Path folder) {
        TestRun exact = run(folder);
        exact.part("training").put("precision", "Float32");
        assertThat(exact.start().exitCode()).isZero();

        List<JsonNode> expected = exact.metrics();
        List<JsonNode> made = trained.metrics();
        assertThat(made).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            double loss = expected.get(i).path("loss").asDouble();
            assertThat(made.get(i).path("loss").asDouble())
                    .as(expected.get(i).toString())
                    .isCloseTo(loss, Percentage.withPercentage(2));
        }
        assertThat(made.getLast().path("loss").asDouble())
                .as("other arithmetic gives other bits")
                .isNotEqualTo(expected.getLast().path("loss").asDouble());
        assertThat(trained.document().path("runDigest"))
                .isNotEqualTo(exact.document().path("runDigest"));
    }

    @Test
    void whenTrainedAgainThenTheResultIsTheSameBitForBit(@TempDir Path folder) {
        TestRun again = run(folder);
        assertThat(again.start().exitCode()).isZero();
        assertSameResult(again);
    }

    @Test
    void whenStoppedTwiceAndResumedThenTheResultIsTheSameBitForBit(@TempDir Path folder) {
        TestRun resumed = run(folder);
        // An evaluation looks at the signal three times, a step once.
        assertThat(resumed.start(new TestRun.StopAt(5)).exitCode()).isEqualTo(ExitCodes.STOPPED);
        assertThat(resumed.start(new TestRun.StopAt(2)).exitCode()).isEqualTo(ExitCodes.STOPPED);
        assertThat(resumed.start().exitCode()).isZero();
        assertSameResult(resumed);
    }

    private void assertSameResult(TestRun other) {
        assertThat(other.weights()).isEqualTo(trained.weights());
        assertThat(other.reproducibleMetrics()).isEqualTo(trained.reproducibleMetrics());
    }

    @Test
    void givenALearningRateBelowTheStoredTypesResolutionThenTheProofSaysWhatRoundingLost(@TempDir Path folder) {
        TestRun run = run(folder);
        run.part("training").put("learningRate", "1e-12");
        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        var proof = Objects.requireNonNull(ended.lastWord().proof());
        assertThat(proof.holds()).isTrue();
        assertThat(run.document().at("/proof/unchangedAfterRounding").size())
                .isGreaterThan(30)
                .isEqualTo(run.document().at("/plan/phases/0/trainableTensors").asInt() - proof.changedTensors());
        assertThat(run.document().at("/proof/unused")).isEmpty();
    }

    @Test
    void givenABaseModelInBFloat16ThenTheOutputIsInBFloat16AndTheProofHolds(@TempDir Path folder) {
        TestRun run = run(folder);
        LlavaFixture.withTensors(
                run.model(),
                tensors -> tensors.replaceAll((name, content) -> bfloat16((TensorContent.Stored) content)));
        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        var proof = Objects.requireNonNull(ended.lastWord().proof());
        assertThat(proof.holds()).isTrue();
        assertThat(run.changed()).hasSize(proof.changedTensors()).noneMatch(name -> name.startsWith("vision_tower"));
        try (Checkpoint output = Checkpoint.open(run.output())) {
            assertThat(output.tensors().values()).extracting(TensorInfo::dtype).containsOnly(DType.BF16);
        }
        double loss = run.document().at("/metrics/0/value").asDouble();
        double ofFloat16 = trained.document().at("/metrics/0/value").asDouble();
        assertThat(loss).isCloseTo(ofFloat16, within(0.03 * ofFloat16));
    }

    /** Rounds F16 to BF16; ties away from zero, which is near enough for a base model. */
    private static TensorContent bfloat16(TensorContent.Stored stored) {
        assertThat(stored.dtype()).isEqualTo(DType.F16);
        short[] halves = stored.bytes().toArray(ValueLayout.JAVA_SHORT_UNALIGNED);
        ByteBuffer made = ByteBuffer.allocate(2 * halves.length).order(ByteOrder.LITTLE_ENDIAN);
        for (short half : halves) {
            made.putShort((short) ((Float.floatToRawIntBits(Float.float16ToFloat(half)) + 0x8000) >>> 16));
        }
        return new TensorContent.Stored(DType.BF16, stored.shape(), MemorySegment.ofArray(made.array()));
    }
}
