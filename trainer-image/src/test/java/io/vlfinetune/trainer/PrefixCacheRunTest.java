package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.contract.ExitCodes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs with the prefix cache, which nothing but time may tell from those without. */
class PrefixCacheRunTest {
    @TempDir
    private Path folder;

    private TestRun without;
    private TestRun run;

    @BeforeEach
    void prepare() {
        without = declared("without");
        without.part("training").put("prefixCache", "Never");
        run = declared("with");
    }

    /** Three epochs of six samples. */
    private TestRun declared(String name) {
        return new TestRun(folder.resolve(name))
                .projectorAndLanguageModel()
                .training(Map.of("steps", 9, "batchSize", 2, "evaluateEvery", 3, "checkpointEvery", 1));
    }

    private Path caches() {
        return run.root().resolve("scratch").resolve("prefix-cache");
    }

    private List<Path> files() throws Exception {
        try (Stream<Path> all = Files.walk(caches())) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    @Test
    void givenSeveralEpochsThenWeightsAndMetricsAreThoseOfARunWithoutIt() {
        assertThat(without.start().exitCode()).isZero();
        assertThat(run.start().exitCode()).as(run.lastWord().message()).isZero();
        assertThat(run.weights()).isEqualTo(without.weights());
        assertThat(run.reproducibleMetrics()).isEqualTo(without.reproducibleMetrics());
        assertThat(caches()).doesNotExist();
    }

    @Test
    void givenItStopsAndGoesOnThenWhatWasStoredIsUsedAndTheResultIsTheSame() throws Exception {
        assertThat(without.start().exitCode()).isZero();
        assertThat(run.start(new TestRun.StopAt(8)).exitCode()).isEqualTo(ExitCodes.STOPPED);
        List<Path> stored = files();
        assertThat(stored).hasSize(1);
        long bytes = Files.size(stored.getFirst());
        assertThat(bytes).isPositive();

        // An attempt that is stopped at once reads the file and stores nothing anew.
        assertThat(run.start(new TestRun.StopAt(3)).exitCode()).isEqualTo(ExitCodes.STOPPED);
        assertThat(files()).isEqualTo(stored);
        assertThat(Files.size(stored.getFirst())).isGreaterThanOrEqualTo(bytes);

        assertThat(run.start().exitCode()).as(run.lastWord().message()).isZero();
        assertThat(run.weights()).isEqualTo(without.weights());
        assertThat(run.reproducibleMetrics()).isEqualTo(without.reproducibleMetrics());
    }

    @Test
    void givenItStopsInItsLastEvaluationThenNothingStoredOutlivesTheRun() {
        assertThat(run.start(new TestRun.StopAt(20)).exitCode()).isEqualTo(ExitCodes.STOPPED);
        assertThat(run.lastWord().step()).isEqualTo(9);
        assertThat(caches()).isNotEmptyDirectory();

        assertThat(run.start().exitCode()).as(run.lastWord().message()).isZero();
        assertThat(caches()).doesNotExist();
    }

    /** A file where the checkpoints' folder was stands in for the full disk, until the cache has given its room. */
    @Test
    void givenNoRoomForACheckpointThenTheCacheGivesItsRoomAndTheResultIsTheSame() throws Exception {
        assertThat(without.start().exitCode()).isZero();
        Path blocker = Files.writeString(folder.resolve("blocker"), "");
        Path aside = folder.resolve("aside");
        List<String> said = new ArrayList<>();
        TestRun.StopAt beforeStepSix = new TestRun.StopAt(12) {
            @Override
            public void request() {
                Path checkpoints = run.checkpoints().getFirst().getParent();
                rename(checkpoints, aside);
                rename(blocker, checkpoints);
                run.listener(line -> {
                    if (line.contains("prefix cache: removed and not used any more, since checkpoint ")) {
                        said.add(line);
                        rename(checkpoints, blocker);
                        rename(aside, checkpoints);
                    }
                });
            }
        };

        assertThat(run.start(beforeStepSix).exitCode())
                .as(run.lastWord().message())
                .isZero();
        assertThat(said).hasSize(1);
        assertThat(caches()).doesNotExist();
        assertThat(run.weights()).isEqualTo(without.weights());
        assertThat(run.reproducibleMetrics()).isEqualTo(without.reproducibleMetrics());
    }

    @Test
    void givenLeftoversOfAnotherPrefixThenTheyAreRemoved() throws Exception {
        Files.createDirectories(caches().resolve("another"));
        Files.writeString(caches().resolve("another").resolve("units"), "of a tower that is trained now");
        run.part("training").put("prefixCache", "Never");
        assertThat(run.start().exitCode()).isZero();
        assertThat(caches()).doesNotExist();
    }

    @Test
    void givenRecomputeThenWeightsAreThoseOfARunThatRemembers() {
        assertThat(without.start().exitCode()).isZero();
        run.part("training").put("recompute", "Always");
        assertThat(run.start().exitCode()).as(run.lastWord().message()).isZero();
        assertThat(run.weights()).isEqualTo(without.weights());
    }

    private static void rename(Path from, Path to) {
        assertThat(from.toFile().renameTo(to.toFile())).isTrue();
    }
}
