package io.vlfinetune.cli.embedded;

import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.api.OutputStatus;
import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.RunConfiguration;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.trainer.report.ProgressChannel;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for the trainer at the process boundary. It keeps the whole contract, except that it learns nothing: the
 * base model's URI says how it ends. {@code …/exit-<code>} ends with that code, {@code …/once-exit-<code>} in its first
 * attempt only, {@code …/sleep} works until SIGTERM, {@code …/once-sleep} too, but only the first time, {@code …/stubborn}
 * ignores SIGTERM, {@code …/killed} ends as if by SIGKILL, {@code …/finished} was complete before; any other succeeds.
 * {@code scratch/threads} says that it began, {@code scratch/listening} that it would hear SIGTERM.
 */
public final class StandInTrainer {
    /** Longer than anybody waits in a test. */
    private static final long VERY_LONG_MILLIS = 1_800_000;

    private StandInTrainer() {}

    /** {@code train --config FILE --root FOLDER --termination-log FILE}. */
    public static void main(String[] arguments) throws Exception {
        List<String> words = List.of(arguments);
        Path config = Path.of(words.get(words.indexOf("--config") + 1));
        Path root = Path.of(words.get(words.indexOf("--root") + 1));
        Path lastWord = Path.of(words.get(words.indexOf("--termination-log") + 1));
        RunConfiguration run = Json.strict().readValue(config.toFile(), RunConfiguration.class);
        Files.writeString(root.resolve("scratch/threads"), System.getenv("OMP_NUM_THREADS"));
        System.out.println("stand-in at work on " + run.name());
        String model = run.model().source();
        String wish = model.substring(model.lastIndexOf('/') + 1);
        switch (wish) {
            case "sleep" -> sleep(run, root, lastWord);
            case "once-sleep" -> sleepOnce(run, root, lastWord);
            case "stubborn" -> stubborn(root);
            case "killed" -> Runtime.getRuntime().halt(137);
            default -> {}
        }
        if (wish.startsWith("once-exit-") && run.attempt() == 1) {
            fail(run, lastWord, Integer.parseInt(wish.substring("once-exit-".length())));
        }
        if (wish.startsWith("exit-")) {
            fail(run, lastWord, Integer.parseInt(wish.substring("exit-".length())));
        }
        succeed(run, root, lastWord);
    }

    private static void sleep(RunConfiguration run, Path root, Path lastWord) throws Exception {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                end(run, lastWord, LastWord.Outcome.Stopped, null, "stopped at step 3");
            } catch (Exception e) {
                Runtime.getRuntime().halt(70);
            }
            Runtime.getRuntime().halt(40);
        }));
        Files.createFile(root.resolve("scratch/listening"));
        report(run, TrainerState.Training, null);
        Thread.sleep(VERY_LONG_MILLIS);
    }

    private static void sleepOnce(RunConfiguration run, Path root, Path lastWord) throws Exception {
        Path slept = root.resolve("scratch/slept");
        if (Files.notExists(slept)) {
            Files.createFile(slept);
            sleep(run, root, lastWord);
        }
    }

    private static void stubborn(Path root) throws Exception {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                Thread.sleep(VERY_LONG_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        Files.createFile(root.resolve("scratch/listening"));
        Thread.sleep(VERY_LONG_MILLIS);
    }

    private static void fail(RunConfiguration run, Path lastWord, int code) throws Exception {
        Reason reason = Reason.ofExitCode(code).orElseThrow();
        end(run, lastWord, LastWord.Outcome.Failed, reason, "the stand-in was asked to fail with " + code);
        Runtime.getRuntime().halt(code);
    }

    private static void succeed(RunConfiguration run, Path root, Path lastWord) throws Exception {
        String destination = run.output().destination();
        if (destination.startsWith("pvc://")) {
            String claim = destination.substring("pvc://".length()).replaceFirst("/.*", "");
            Files.writeString(root.resolve(run.mounts().get(claim)).resolve("written-by"), run.name());
        }
        report(run, TrainerState.Training, null);
        end(
                run,
                lastWord,
                LastWord.Outcome.Succeeded,
                null,
                run.model().source().endsWith("/finished") ? "already complete: out" : "trained");
    }

    private static void end(
            RunConfiguration run, Path file, LastWord.Outcome outcome, @Nullable Reason reason, String message)
            throws Exception {
        boolean succeeded = outcome == LastWord.Outcome.Succeeded;
        LastWord word = new LastWord(
                run.attempt(),
                outcome,
                reason,
                message,
                3L,
                null,
                succeeded ? new OutputStatus(run.output().destination(), "sha256:0", 12L) : null,
                succeeded ? new ProofStatus(148, 148, 4, List.of(), List.of()) : null,
                null);
        Files.writeString(file, Json.strict().writeValueAsString(word));
        report(run, TrainerState.Ended, word);
    }

    /** As the trainer does it: first an empty merge-patch that reads the object back, then the report. */
    private static void report(RunConfiguration run, TrainerState state, @Nullable LastWord word) throws Exception {
        if (run.progressUrl() == null) {
            return;
        }
        ProgressChannel channel =
                new ProgressChannel(URI.create(run.progressUrl()), ProgressChannel.credentials(System.getenv()));
        long sequence = channel.latestSequence() + 1;
        ProgressReport report = new ProgressReport(
                run.attempt(),
                sequence,
                Instant.now().toString(),
                state,
                null,
                null,
                null,
                new PlanStatus("sha256:1", 1000L, 26L, "2.60", List.of()),
                new ProgressStatus(word == null ? 10 : 100, 3L, 3L, "1.0", "0.5", "1e-3", "12.3", "99", 1L, 1L << 28),
                List.of(
                        new MetricStatus("in-domain/accuracy", "0.83", 3L, "0.83", 3L, "0.12"),
                        new MetricStatus("out-of-domain/accuracy", "0.41", 3L, "0.41", 3L, "0.11")),
                null,
                word);
        channel.send(report);
    }
}
