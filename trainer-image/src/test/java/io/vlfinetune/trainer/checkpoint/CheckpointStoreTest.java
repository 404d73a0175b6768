package io.vlfinetune.trainer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Part;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.report.RunLog;
import io.vlfinetune.trainer.training.AdaptiveRates;
import io.vlfinetune.trainer.training.MetricBoard;
import io.vlfinetune.trainer.training.PhaseClock;
import io.vlfinetune.trainer.training.Plateau;
import io.vlfinetune.trainer.weights.Safetensors;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CheckpointStoreTest {
    private static final String RUN = "sha256:aa";

    @TempDir
    private Path folder;

    private Ops ops;

    @BeforeAll
    void startEngine() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
    }

    @AfterAll
    void stopEngine() {
        ops.close();
    }

    private static final PhaseClock.State PHASE = new PhaseClock.State(1, 3, new Plateau.Seen(0.5, 1));
    private static final AdaptiveRates.State RATES =
            new AdaptiveRates.State(new Plateau.Seen(0.25, 0), Map.of(Part.Projector, 0.5));

    @Test
    void givenACheckpointWhenReadThenStateAndTensorsAreAsTheyWere() {
        Map<String, MetricBoard.Entry> metrics = new LinkedHashMap<>();
        metrics.put("z/loss", new MetricBoard.Entry(0.1, 5, 0.1, 5, 3));
        metrics.put("a/loss", new MetricBoard.Entry(1.0 / 3, 5, 0.2, 2, 4));
        TrainingState state =
                new TrainingState(RUN, 5, 5, metrics, PHASE, RATES, Set.of("b", "a"), LinearKernel.MKL, 3);
        try (NDArray array = ops.of(0.1f)) {
            store(2).save(ops, state, Map.of("weights/x", array));
        }

        CheckpointStore.Saved saved = store(2).latest(RUN).orElseThrow();
        assertThat(saved.state()).isEqualTo(state);
        assertThat(saved.state().metrics().keySet()).containsExactly("z/loss", "a/loss");
        try (Safetensors tensors = Safetensors.open(saved.tensors())) {
            assertThat(tensors.bytes("weights/x").get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0))
                    .isEqualTo(0.1f);
        }
    }

    @Test
    void givenAStateWithNothingInItYetWhenReadThenItHolds() {
        save(0, 2);
        assertThat(store(2).latest(RUN).orElseThrow().state().metrics()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"state.safetensors", "state.json", "COMPLETE"})
    void givenAFileTornAnywhereThenTheCheckpointBeforeCounts(String name) throws IOException {
        save(3, 9);
        Path newest = save(7, 9);
        byte[] whole = Files.readAllBytes(newest.resolve(name));
        for (int length = 0; length < whole.length; length += 1 + whole.length / 7) {
            Files.write(newest.resolve(name), Arrays.copyOf(whole, length));
            assertThat(step()).as("%d bytes of %d", length, whole.length).isEqualTo(3);
        }
        byte[] flipped = whole.clone();
        flipped[whole.length - 2] ^= 1;
        Files.write(newest.resolve(name), flipped);
        assertThat(step()).as("one bit differs").isEqualTo(3);
        Files.delete(newest.resolve(name));
        assertThat(step()).as("missing").isEqualTo(3);
        Files.write(newest.resolve(name), "null".getBytes(StandardCharsets.UTF_8));
        assertThat(step()).as("null").isEqualTo(3);
        Files.write(newest.resolve(name), whole);
        assertThat(step()).as("whole again").isEqualTo(7);
    }

    @Test
    void givenCheckpointsOfOtherRunsThenTheyAreNotUsed() {
        save(3, 9);
        try (NDArray array = ops.of(1f)) {
            store(9).save(ops, state("sha256:bb", 8), Map.of("x", array));
        }
        assertThat(step()).isEqualTo(3);
        assertThat(store(9).latest("sha256:cc")).isEmpty();
    }

    @Test
    void givenMoreThanAreKeptThenTheOldestGo() throws IOException {
        for (int step = 9; step <= 12; step++) {
            save(step, 2);
        }
        assertThat(names()).containsExactly("step-00000011", "step-00000012");
    }

    @Test
    void givenUnfinishedFoldersWhenOpenedThenTheyAreRemovedAndWhatIsCompleteStays() throws IOException {
        Path finished = save(4, 2);
        unfinished(finished.getParent());
        Path other = Files.createDirectories(folder.resolve("other").resolve("step-00000008"));
        unfinished(other.getParent());

        assertThat(step()).isEqualTo(4);
        assertThat(names()).containsExactly("step-00000004");
        assertThat(other.getParent().toFile().list()).containsExactly("step-00000008");
    }

    private static void unfinished(Path checkpoints) throws IOException {
        Path deep = Files.createDirectories(
                checkpoints.resolve("step-00000005.unfinished").resolve("deep"));
        Files.writeString(deep.resolve("state.json"), "{");
    }

    @Test
    void givenTheSameStepSavedAgainThenTheLaterOneCounts() throws IOException {
        save(4, 2);
        TrainingState evaluated = new TrainingState(
                RUN, 4, 4, Map.of(), PhaseClock.State.START, AdaptiveRates.State.START, Set.of(), LinearKernel.MKL, 1);
        try (NDArray array = ops.of(2f)) {
            store(2).save(ops, evaluated, Map.of("x", array));
        }
        assertThat(store(2).latest(RUN).orElseThrow().state().evaluatedStep()).isEqualTo(4);
        assertThat(names()).containsExactly("step-00000004");
    }

    @Test
    void givenADiskThatRefusesThenTheMessageSaysWhatToDo() throws IOException {
        Path blocked = Files.writeString(folder.resolve("file"), "").resolve("checkpoints");
        try (NDArray array = ops.of(1f)) {
            assertThatThrownBy(
                            () -> new CheckpointStore(blocked, 1, log()).save(ops, state(RUN, 1), Map.of("x", array)))
                    .isInstanceOfSatisfying(
                            TrainerException.class,
                            problem -> assertThat(problem.reason()).isEqualTo(Reason.TrainerError))
                    .hasMessageStartingWith("checkpoint " + blocked.resolve("step-00000001") + " cannot be written (")
                    .hasMessageEndingWith("; give scratch more room");
        }
    }

    @Test
    void givenACrashWhileACheckpointOfTheSameStepIsReplacedThenTheReplacedOneCounts() throws IOException {
        save(3, 9);
        Path newest = save(7, 9);
        Files.move(newest, newest.resolveSibling(newest.getFileName() + "-replaced"));
        assertThat(step()).isEqualTo(7);

        save(7, 9);
        assertThat(names()).containsExactly("step-00000003", "step-00000007");
    }

    @Test
    void givenNoFolderThenThereIsNoCheckpoint() {
        assertThat(store(1).latest(RUN)).isEmpty();
    }

    private long step() {
        return store(9).latest(RUN).orElseThrow().state().step();
    }

    private Path save(long step, int keep) {
        try (NDArray array = ops.of((float) step)) {
            return store(keep).save(ops, state(RUN, step), Map.of("x", array));
        }
    }

    private static TrainingState state(String run, long step) {
        return new TrainingState(
                run,
                step,
                -1,
                Map.of(),
                PhaseClock.State.START,
                AdaptiveRates.State.START,
                Set.of(),
                LinearKernel.MKL,
                1);
    }

    private CheckpointStore store(int keep) {
        return new CheckpointStore(folder.resolve("checkpoints"), keep, log());
    }

    private static RunLog log() {
        return new RunLog(
                new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8), Clock.systemUTC());
    }

    private List<String> names() throws IOException {
        try (Stream<Path> paths = Files.list(folder.resolve("checkpoints"))) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
