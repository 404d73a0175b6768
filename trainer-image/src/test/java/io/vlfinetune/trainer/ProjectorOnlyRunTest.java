package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.trainer.verify.Likeness;
import io.vlfinetune.trainer.verify.Verification;
import io.vlfinetune.trainer.verify.Verifying;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Vision tower and language model frozen: only the projector may move, and the proof says so. */
class ProjectorOnlyRunTest {
    @TempDir
    private Path folder;

    @Test
    void givenOnlyTheProjectorUnfrozenWhenTrainedThenEveryOtherTensorIsByteEqual() {
        TestRun run = new TestRun(folder).projectorOnly().training(Map.of("steps", 3));

        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        ProofStatus proof = Objects.requireNonNull(ended.lastWord().proof());
        assertThat(proof.frozenTensors()).isEqualTo(110);
        assertThat(proof.verified()).isEqualTo(110);
        assertThat(proof.holds()).isTrue();
        assertThat(proof.changedTensors()).isEqualTo(4);
        assertThat(run.changed())
                .containsExactly(
                        "multi_modal_projector.linear_1.bias",
                        "multi_modal_projector.linear_1.weight",
                        "multi_modal_projector.linear_2.bias",
                        "multi_modal_projector.linear_2.weight");
        assertThat(run.metrics().stream().filter(line -> line.has("learningRates")))
                .allSatisfy(step -> assertThat(step.path("learningRates").fieldNames())
                        .toIterable()
                        .containsExactly("Projector"));
        assertThat(ended.lastWord().message())
                .contains("proof: 110 of 110 frozen tensors are bit-identical, 4 changed");

        // The output is held to its own plan by the tool that checks anybody's output.
        Verification held =
                Verifying.verify(new Verifying.Request(run.model(), run.output(), null, ""), (done, all) -> {});
        assertThat(held.declaration()).endsWith("vlfinetune.json");
        assertThat(held.holds()).isTrue();
        assertThat(held.with(Likeness.Changed)).hasSize(4);
    }

    @Test
    void givenALearningRateTooSmallForTheStoredTypeWhenTrainedThenTheProofListsWhatRoundedBack() {
        TestRun run = new TestRun(folder).projectorOnly().training(Map.of("steps", 1));
        run.part("training").put("learningRate", "1e-12");

        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        ProofStatus proof = Objects.requireNonNull(ended.lastWord().proof());
        assertThat(run.changed()).hasSize(proof.changedTensors());
        assertThat(proof.unchangedAfterRounding()).contains("multi_modal_projector.linear_1.weight");
    }
}
