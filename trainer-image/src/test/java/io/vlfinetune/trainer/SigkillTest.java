package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.contract.ExitCodes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trainer dies without a word, again and again, and the run still ends as if it had never been touched. */
class SigkillTest {
    private static final int KILLS = 20;
    /** The last ones come while the output is written. */
    private static final int LATE_KILLS = 5;

    private static final int STEPS = 70;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final Random random = new Random(20);

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

        int died = 0;
        for (int i = 0; i < KILLS; i++) {
            try (ChildJvm child = train(killed)) {
                awaitMoment(child, killed, i >= KILLS - LATE_KILLS);
                child.process().destroyForcibly();
                int exitCode = child.exitCode();
                assertThat(exitCode).as(child.text()).isIn(0, 128 + 9);
                died += exitCode == 0 ? 0 : 1;
            }
            assertNotTorn(killed, whole);
        }
        assertThat(died).as("attempts that were killed").isGreaterThan(KILLS - LATE_KILLS);

        try (ChildJvm last = train(killed)) {
            assertThat(last.exitCode()).as(last.text()).isZero();
        }
        assertThat(killed.weights()).isEqualTo(whole.weights());
        assertThat(killed.reproducibleMetrics()).isEqualTo(whole.reproducibleMetrics());
        assertThat(killed.document().path("proof")).isEqualTo(whole.document().path("proof"));
        assertThat(killed.leftovers()).containsExactly(killed.output());
        assertThat(unfinished(killed.root())).isEmpty();
    }

    /** Some milliseconds after the start, after some steps, or into the writing of the output. */
    private void awaitMoment(ChildJvm child, TestRun run, boolean late) throws InterruptedException {
        int steps = random.nextInt(9);
        int milliseconds = random.nextInt(steps == 0 && !late ? 1000 : 30);
        long linesBefore = lines(run.liveMetrics());
        Path unfinished = run.output().resolveSibling(run.output().getFileName() + ".unfinished");
        // A killed attempt may have left one, which the next attempt clears away before it writes its own.
        boolean left = Files.exists(unfinished);
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (child.process().isAlive() && System.nanoTime() < end) {
            boolean there = Files.exists(unfinished);
            left &= there;
            if (late ? there && !left : lines(run.liveMetrics()) >= linesBefore + steps) {
                break;
            }
            Thread.sleep(2);
        }
        Thread.sleep(milliseconds);
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

    private ChildJvm train(TestRun run) throws IOException {
        return ChildJvm.start(folder.resolve("output"), Main.class, run.arguments());
    }

    private static long lines(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        } catch (IOException absent) {
            return 0;
        }
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
