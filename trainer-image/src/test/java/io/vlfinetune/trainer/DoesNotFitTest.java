package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.Reason;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A plan is compared with the pod's memory before anything is trained. */
class DoesNotFitTest {
    @TempDir
    private Path folder;

    @Test
    void givenAPodThatIsTooSmallThenTheRunEndsBeforeItsFirstStepWithAdvice() {
        TestRun run = new TestRun(folder).memoryLimit(100 << 20);

        TestRun.Ended ended = run.start();

        LastWord word = ended.lastWord();
        assertThat(ended.exitCode()).isEqualTo(16);
        assertThat(word.reason()).isEqualTo(Reason.DoesNotFit);
        assertThat(word.step()).isZero();
        assertThat(word.message())
                .contains("the plan needs about ", "but the pod has 100 MiB", "spec.resources.memory");
        assertThat(Files.exists(run.output())).isFalse();
    }

    @Test
    void givenRoomThenPlanAndOutputSayWhatWasEstimatedAndMeasured() {
        TestRun run = new TestRun(folder).memoryLimit(64L << 30);

        assertThat(run.start().exitCode()).isZero();

        JsonNode memory = run.document().at("/plan/phases/0/memoryBytes");
        assertThat(memory.path("weights").asLong()).isPositive();
        assertThat(memory.path("total").asLong())
                .isGreaterThan(memory.path("weights").asLong()
                        + memory.path("optimizer").asLong());
        assertThat(run.document().path("peakMemoryBytes").asLong()).isPositive();
    }
}
