package io.vlfinetune.trainer;

import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.RunConfiguration;
import io.vlfinetune.trainer.metrics.MetricsEndpoint;
import io.vlfinetune.trainer.metrics.TrainerMetrics;
import io.vlfinetune.trainer.report.LastWords;
import io.vlfinetune.trainer.report.ProgressChannel;
import io.vlfinetune.trainer.report.ProgressReporter;
import io.vlfinetune.trainer.report.RunLog;
import io.vlfinetune.trainer.training.StopSignal;
import io.vlfinetune.trainer.training.StoppedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Clock;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** The trainer's process: one run, a last word, an exit code of the contract. */
public final class Main {
    private Main() {}

    /** Runs one attempt and exits with the contract's code. */
    public static void main(String[] arguments) {
        Optional<RunOptions> options = RunOptions.parse(arguments, System.getenv());
        if (options.isEmpty()) {
            System.err.println(RunOptions.USAGE);
            System.exit(ExitCodes.USAGE);
        }
        StopSignal stop = new StopSignal();
        CompletableFuture<Integer> ended = new CompletableFuture<>();
        Runtime.getRuntime().addShutdownHook(new Thread(onSigterm(stop, ended, Runtime.getRuntime()::halt)));
        try {
            ended.complete(
                    run(options.orElseThrow(), stop, Clock.systemUTC(), new RunLog(System.err, Clock.systemUTC())));
        } finally {
            // Of a run that threw: the hook must not wait for it.
            ended.complete(Reason.TrainerError.exitCode().orElseThrow());
        }
        System.exit(ended.join());
    }

    /**
     * What the JVM does when it gets SIGTERM: it asks for a checkpoint and waits for the exit code. It waits without a
     * limit of its own, since only the kubelet knows how long the pod may take, and ends that with SIGKILL.
     */
    static Runnable onSigterm(StopSignal stop, CompletableFuture<Integer> ended, IntConsumer halt) {
        return () -> {
            stop.request();
            halt.accept(ended.join());
        };
    }

    /** Runs one attempt. Every way to end leaves a last word. */
    static int run(RunOptions options, StopSignal stop, Clock clock, RunLog log) {
        RunConfiguration run;
        try {
            run = RunFile.read(options.config());
        } catch (TrainerException problem) {
            return end(options, null, failed(1, problem.reason(), problem.getMessage(), 0, null, log), log);
        }
        try (ProgressReporter reporter =
                        new ProgressReporter(channel(run, log), run.attempt(), options.reportPeriod(), clock, log);
                TrainerMetrics metrics = new TrainerMetrics()) {
            Optional<MetricsEndpoint> endpoint = MetricsEndpoint.start(options.metricsAddress(), metrics::scrape, log);
            try {
                Talk talk = new Talk(reporter, metrics, log);
                return end(options, reporter, lastWord(run, options, talk, stop, clock), log);
            } finally {
                endpoint.ifPresent(MetricsEndpoint::close);
            }
        }
    }

    private static LastWord lastWord(
            RunConfiguration run, RunOptions options, Talk talk, StopSignal stop, Clock clock) {
        ProgressReporter reporter = talk.reporter();
        RunLog log = talk.log();
        try {
            return new TrainingRun(run, options, talk, stop, clock).execute();
        } catch (StoppedException stopped) {
            return new LastWord(
                    run.attempt(),
                    LastWord.Outcome.Stopped,
                    null,
                    "stopped at step " + stopped.step() + "; the next attempt resumes there",
                    stopped.step(),
                    reporter.checkpoint(),
                    null,
                    null,
                    null);
        } catch (TrainerException problem) {
            return failed(run.attempt(), problem.reason(), problem.getMessage(), step(reporter), reporter, log);
        } catch (OutOfMemoryError problem) {
            return outOfMemory(run, String.valueOf(problem.getMessage()), reporter, log);
        } catch (RuntimeException | Error problem) {
            if (isOutOfMemory(problem)) {
                return outOfMemory(run, "the engine could not allocate memory", reporter, log);
            }
            problem.printStackTrace();
            return failed(run.attempt(), Reason.TrainerError, problem.toString(), step(reporter), reporter, log);
        }
    }

    private static LastWord outOfMemory(RunConfiguration run, String what, ProgressReporter reporter, RunLog log) {
        return failed(
                run.attempt(),
                Reason.OutOfMemory,
                what
                        + "; lower spec.training.batchSize (and raise gradientAccumulation), freeze more, or raise spec.resources.memory",
                step(reporter),
                reporter,
                log);
    }

    /** libtorch says it in words only. */
    static boolean isOutOfMemory(@Nullable Throwable problem) {
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            String message = Objects.requireNonNullElse(cause.getMessage(), "");
            if (message.contains("can't allocate memory") || message.contains("out of memory")) {
                return true;
            }
        }
        return false;
    }

    private static long step(ProgressReporter reporter) {
        var progress = reporter.progress();
        return progress == null ? 0 : progress.step();
    }

    private static LastWord failed(
            int attempt,
            Reason reason,
            @Nullable String message,
            long step,
            @Nullable ProgressReporter reporter,
            RunLog log) {
        log.line(reason + ": " + message);
        return new LastWord(
                attempt,
                LastWord.Outcome.Failed,
                reason,
                Objects.requireNonNullElse(message, reason.name()),
                step,
                reporter == null ? null : reporter.checkpoint(),
                null,
                null,
                log.tail());
    }

    private static int end(RunOptions options, @Nullable ProgressReporter reporter, LastWord word, RunLog log) {
        LastWord fitting = LastWords.fitting(word);
        try {
            LastWords.write(options.terminationLog(), fitting);
        } catch (UncheckedIOException problem) {
            log.line("the last word was not written: " + problem.getMessage());
        }
        if (reporter != null) {
            reporter.end(fitting);
        }
        return switch (fitting.outcome()) {
            case Succeeded, Planned -> ExitCodes.DONE;
            case Stopped -> ExitCodes.STOPPED;
            case Failed -> Objects.requireNonNull(fitting.reason()).exitCode().orElseThrow();
        };
    }

    private static Optional<ProgressChannel> channel(RunConfiguration run, RunLog log) {
        String url = run.progressUrl();
        if (url == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(new ProgressChannel(URI.create(url), ProgressChannel.credentials(System.getenv())));
        } catch (IOException | IllegalArgumentException problem) {
            log.line("progress is not reported: " + problem.getMessage());
            return Optional.empty();
        }
    }
}
