package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.source.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A disk that refuses in the middle of a large file. A limit on the size of files, which the kernel holds a process to
 * without any privilege, stands in for the full disk: the write fails at the same place with another message.
 */
class DiskFullTest {
    /** Between a checkpoint of the projector (75 KiB) and the weights (580 KiB), let alone a checkpoint of all parts. */
    private static final int LIMIT_KIB = 300;

    private static final Map<String, Integer> TRAINING =
            Map.of("steps", 4, "evaluateEvery", 2, "checkpointEvery", 1, "keepCheckpoints", 2);

    @TempDir
    private Path folder;

    private TestRun uninterrupted;
    private TestRun run;

    @BeforeEach
    void prepare() {
        uninterrupted = new TestRun(folder.resolve("whole")).training(TRAINING);
        run = new TestRun(folder.resolve("full")).training(TRAINING);
    }

    @Test
    void givenNoRoomForTheOutputThenNothingHalfWrittenIsLeftAndALaterAttemptOnlyWritesIt() throws Exception {
        run.projectorOnly();
        attempt(50);

        LastWord word = run.lastWord();
        assertThat(word.reason()).as(word.message()).isEqualTo(Reason.OutputFailed);
        assertThat(word.message())
                .startsWith("spec.output.destination: " + run.output() + " cannot be written: ")
                .contains("model.safetensors", "File too large")
                .endsWith("; make room there or choose another destination");
        assertThat(word.step()).isEqualTo(4);
        assertThat(run.leftovers()).isEmpty();
        assertThat(names(run.checkpoints())).containsExactly("step-00000003", "step-00000004");

        finishes(uninterrupted.projectorOnly());
    }

    @Test
    void givenNoRoomForACheckpointThenEarlierOnesStayAndALaterAttemptGoesOnThere() throws Exception {
        // Three held-out samples in batches of two: the first evaluation looks at the signal three times, a step once.
        TestRun.Ended stopped = run.start(new TestRun.StopAt(5));
        assertThat(stopped.exitCode()).isEqualTo(ExitCodes.STOPPED);
        assertThat(names(run.checkpoints())).containsExactly("step-00000001");
        List<String> before = contents(run.checkpoints().getFirst());

        attempt(70);

        LastWord word = run.lastWord();
        assertThat(word.reason()).as(word.message()).isEqualTo(Reason.TrainerError);
        assertThat(word.message())
                .startsWith("checkpoint ")
                .contains("step-00000002 cannot be written (", "File too large")
                .endsWith("; give scratch more room");
        assertThat(names(run.checkpoints())).as("and no unfinished one").containsExactly("step-00000001");
        assertThat(contents(run.checkpoints().getFirst())).hasSize(3).isEqualTo(before);
        assertThat(run.leftovers()).isEmpty();

        finishes(uninterrupted);
    }

    /** The disk has room again. */
    private void finishes(TestRun expected) {
        TestRun.Ended ended = run.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(run.leftovers()).containsExactly(run.output());
        assertThat(expected.start().exitCode()).isZero();
        assertThat(run.weights()).isEqualTo(expected.weights());
        assertThat(run.reproducibleMetrics()).isEqualTo(expected.reproducibleMetrics());
    }

    private void attempt(int exitCode) throws Exception {
        run.write();
        try (ChildJvm child =
                ChildJvm.startWithFilesUpTo(LIMIT_KIB, folder.resolve("output"), Main.class, run.arguments())) {
            assertThat(child.exitCode()).as(child.text()).isEqualTo(exitCode);
        }
    }

    private static List<String> names(List<Path> paths) {
        return paths.stream().map(path -> path.getFileName().toString()).toList();
    }

    private static List<String> contents(Path checkpoint) throws IOException {
        List<String> digests = new ArrayList<>();
        try (Stream<Path> files = Files.list(checkpoint)) {
            for (Path file : files.sorted().toList()) {
                digests.add(file.getFileName() + " " + Folders.digest(file));
            }
        }
        return digests;
    }
}
