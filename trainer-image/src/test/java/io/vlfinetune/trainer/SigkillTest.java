package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.trainer.checkpoint.CheckpointStore;
import io.vlfinetune.trainer.output.OutputFolder;
import io.vlfinetune.trainer.report.LastWords;
import io.vlfinetune.trainer.report.MetricsLog;
import io.vlfinetune.trainer.source.Folders;
import io.vlfinetune.trainer.training.Evaluator;
import io.vlfinetune.trainer.training.StopSignal;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trainer dies without a word, again and again, and the run still ends as if it had never been touched. */
class SigkillTest {
    /** In their order: what has happened when the trainer dies stands beside each. */
    private static final List<Moment> MOMENTS = List.of(
            // Nothing was read, or only metrics.jsonl was cut to where the checkpoint is.
            Moment.at(CheckpointStore.class, "latest"),
            Moment.at(Files.class, "move", ".*/metrics\\.jsonl\\.tmp"),
            // An evaluation begins, is made but not in metrics.jsonl, or is there without the model that it found best.
            Moment.at(Evaluator.class, "run"),
            Moment.at(MetricsLog.class, "add", "Evaluation.*"),
            Moment.at(Files.class, "move", ".*/best-[0-9]+\\.safetensors\\.tmp"),
            // A step is complete, made but not in metrics.jsonl, or there without its checkpoint.
            Moment.at(StopSignal.class, "requested").times(3),
            Moment.at(MetricsLog.class, "add", "Step.*").times(2),
            Moment.at(CheckpointStore.class, "save").times(2),
            // The checkpoint is torn, lacks a name for its tensors, its marker, its own name or the sync of its folder.
            Moment.at(SafetensorsWriter.class, "write", ".*FileChannel.*").times(7),
            Moment.at(Files.class, "move", ".*/state\\.safetensors\\.tmp").times(2),
            Moment.at(Folders.class, "write", ".*/COMPLETE").times(2),
            Moment.at(Files.class, "move", ".*/step-[0-9]+\\.unfinished").times(2),
            Moment.at(Folders.class, "sync", ".*/checkpoints/[^/]+").times(2),
            // An old checkpoint is removed by half.
            Moment.at(Files.class, "delete", ".*/step-[0-9]+/.*").times(2),
            // All steps are made; the output is not begun, lacks weights, is torn, lacks its document or its name.
            Moment.at(OutputFolder.class, "write"),
            Moment.at(Files.class, "copy", ".*/tokenizer\\.json"),
            Moment.at(SafetensorsWriter.class, "write", ".*FileChannel.*").times(60),
            Moment.at(Folders.class, "write", ".*/vlfinetune\\.json"),
            Moment.at(Files.class, "move", ".*/trained\\..+-[0-9]+\\.unfinished"),
            // The output is there and nobody was told.
            Moment.at(LastWords.class, "write"));

    private static final int STEPS = 42;

    @TempDir
    private Path folder;

    private TestRun run(String name) {
        TestRun run = new TestRun(folder.resolve(name))
                .projectorOnly()
                .training(Map.of("steps", STEPS, "evaluateEvery", 7, "checkpointEvery", 1));
        run.part("output").put("select", "Best").put("metric", "held/loss");
        return run;
    }

    @Test
    void givenSigkillAtTwentyMomentsWhenStartedAgainThenTheResultEqualsAnUninterruptedRun() throws Exception {
        TestRun killed = run("killed");
        TestRun whole = run("whole");
        // Both go on from one first checkpoint: which kernel is the faster one is measured but once.
        assertThat(killed.start(new TestRun.StopAt(4)).exitCode()).isEqualTo(ExitCodes.STOPPED);
        copy(killed.root(), whole.root());
        assertThat(whole.start().exitCode()).isZero();
        assertThat(whole.document().path("steps").asInt()).isEqualTo(STEPS);

        for (Moment moment : MOMENTS) {
            Path said = folder.resolve("output");
            int exitCode = moment.kill(said, Main.class, killed.arguments());
            assertThat(exitCode).as("%s: %s", moment, Files.readString(said)).isEqualTo(128 + 9);
            assertNotTorn(killed, whole);
        }
        assertThat(killed.output()).as("the last moment comes after the commit").exists();

        try (ChildJvm last = ChildJvm.start(folder.resolve("output"), Main.class, killed.arguments())) {
            assertThat(last.exitCode()).as(last.text()).isZero();
        }
        assertThat(killed.weights()).isEqualTo(whole.weights());
        assertThat(killed.reproducibleMetrics()).isEqualTo(whole.reproducibleMetrics());
        assertThat(killed.document().path("proof")).isEqualTo(whole.document().path("proof"));
        assertThat(killed.leftovers()).containsExactly(killed.output());
        assertThat(unfinished(killed.root())).isEmpty();
    }

    /** The destination is not there, or it is the whole result. */
    private static void assertNotTorn(TestRun killed, TestRun whole) {
        if (Files.exists(killed.output())) {
            assertThat(killed.document().path("weightsDigest"))
                    .isEqualTo(whole.document().path("weightsDigest"));
            assertThat(killed.weights()).isEqualTo(whole.weights());
        }
        assertThat(killed.leftovers())
                .allMatch(path -> path.toString().startsWith(killed.output().toString()));
    }

    private static List<String> unfinished(Path root) throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            return paths.map(Path::toString)
                    .filter(path -> path.endsWith(".unfinished") || path.endsWith(".tmp") || path.endsWith("-replaced"))
                    .toList();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        }
    }
}
