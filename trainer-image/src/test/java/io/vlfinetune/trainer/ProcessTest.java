package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.engine.LinearKernel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trainer as the pod runs it: a process with the contract's arguments, a signal, an exit code, a last word. */
class ProcessTest {
    private static final Map<String, Integer> TRAINING = Map.of("steps", 120, "evaluateEvery", 40);

    @TempDir
    private Path folder;

    @Test
    void givenSigtermInTheMiddleWhenStartedAgainThenTheResultEqualsAnUninterruptedRun() throws Exception {
        TestRun run = new TestRun(folder.resolve("stopped")).projectorOnly().training(TRAINING);
        run.write();

        try (ChildJvm first = train(run)) {
            awaitLines(first, run.liveMetrics(), 4);
            first.process().destroy();
            assertThat(first.exitCode()).as(first.text()).isEqualTo(ExitCodes.STOPPED);
        }
        LastWord stopped = run.lastWord();
        assertThat(stopped.outcome()).isEqualTo(LastWord.Outcome.Stopped);
        assertThat(stopped.step()).isBetween(1L, 119L);
        assertThat(run.leftovers()).isEmpty();

        try (ChildJvm second = train(run)) {
            assertThat(second.exitCode()).as(second.text()).isZero();
            assertThat(second.text()).contains("resuming at step " + stopped.step());
        }
        assertThat(run.lastWord().outcome()).isEqualTo(LastWord.Outcome.Succeeded);

        TestRun uninterrupted =
                new TestRun(folder.resolve("whole")).projectorOnly().training(TRAINING);
        assertThat(uninterrupted.start().exitCode()).isZero();
        assertThat(run.weights()).isEqualTo(uninterrupted.weights());
        assertThat(run.reproducibleMetrics()).isEqualTo(uninterrupted.reproducibleMetrics());
    }

    @Test
    void givenABadRunWhenStartedThenTheProcessEndsWithTheReasonsCode() throws Exception {
        TestRun run = new TestRun(folder.resolve("bad"));
        run.part("model").put("source", "hf://org/model");
        run.write();
        try (ChildJvm child = train(run)) {
            assertThat(child.exitCode()).as(child.text()).isEqualTo(10);
        }
        assertThat(run.lastWord().reason()).isEqualTo(Reason.InvalidSpec);
        assertThat(run.lastWord().logTail()).contains("spec.model.source: hf://org/model");
    }

    @Test
    void givenAKernelOfTheEnvironmentThenAResumedRunKeepsItsOwnAndSaysSo() throws Exception {
        TestRun run = new TestRun(folder.resolve("kept")).projectorOnly();
        assertThat(run.start(new TestRun.StopAt(5)).exitCode()).isEqualTo(ExitCodes.STOPPED);

        try (ChildJvm resumed = train(run, "ONEDNN")) {
            assertThat(resumed.exitCode()).as(resumed.text()).isZero();
            assertThat(resumed.text())
                    .contains(
                            "linear layers stay with MKL, by which the checkpoint was made: VLFINETUNE_LINEAR_KERNEL=ONEDNN is for new runs")
                    .contains("linear layers by MKL");
        }
    }

    @Test
    void givenAKernelThatThereIsNotThenThoseThatThereAreAreNamed() throws Exception {
        TestRun run = new TestRun(folder.resolve("refused")).projectorOnly();
        run.write();

        try (ChildJvm child = train(run, "onednn")) {
            assertThat(child.exitCode()).as(child.text()).isEqualTo(10);
        }
        assertThat(run.lastWord().message())
                .isEqualTo(
                        "VLFINETUNE_LINEAR_KERNEL: \"onednn\" is no kernel of linear layers; write MKL or ONEDNN, or leave it out: a measurement chooses then");
    }

    @Test
    void givenOtherArgumentsWhenStartedThenUsageIsShown() throws Exception {
        try (ChildJvm child = ChildJvm.start(folder.resolve("output"), Main.class, "train", "--config", "run.json")) {
            assertThat(child.exitCode()).isEqualTo(ExitCodes.USAGE);
            assertThat(child.text()).contains("usage: train --config");
        }
    }

    private ChildJvm train(TestRun run) throws IOException {
        return ChildJvm.start(folder.resolve("output"), Main.class, run.arguments());
    }

    private ChildJvm train(TestRun run, String kernel) throws IOException {
        return ChildJvm.startWith(LinearKernel.VARIABLE, kernel, folder.resolve("output"), Main.class, run.arguments());
    }

    private static void awaitLines(ChildJvm child, Path file, int count) throws IOException, InterruptedException {
        long end = System.nanoTime() + 60_000_000_000L;
        while (!Files.exists(file) || Files.readAllLines(file).size() < count) {
            if (!child.process().isAlive() || System.nanoTime() > end) {
                throw new AssertionError("no " + count + " lines in " + file + ": " + child.text());
            }
            Thread.sleep(5);
        }
    }
}
