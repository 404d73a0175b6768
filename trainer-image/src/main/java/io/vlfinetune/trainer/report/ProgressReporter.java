package io.vlfinetune.trainer.report;

import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.DataStatus;
import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.api.ModelStatus;
import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.TrainerState;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the latest state of the run and sends it from a thread of its own: a heartbeat every period from the start of
 * the process, and at once when something happens that people wait for.
 */
public final class ProgressReporter implements AutoCloseable {
    private static final int FINAL_SECONDS = 15;

    private final Optional<ProgressChannel> channel;
    private final int attempt;
    private final Clock clock;
    private final RunLog log;
    private final ScheduledExecutorService sender = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("progress").factory());

    private final Optional<Future<?>> heartbeat;
    private TrainerState state = TrainerState.Preparing;
    private @Nullable Long resumedFromStep;
    private @Nullable ModelStatus model;
    private @Nullable DataStatus data;
    private @Nullable PlanStatus plan;
    private @Nullable ProgressStatus progress;
    private List<MetricStatus> metrics = List.of();
    private @Nullable CheckpointStatus checkpoint;
    private @Nullable LastWord lastWord;
    /** Sequence of the next report; negative until the object has been read. Touched by the sender alone. */
    private long sequence = -1;

    private boolean complained;

    /** Starts the heartbeat. */
    public ProgressReporter(Optional<ProgressChannel> channel, int attempt, Duration period, Clock clock, RunLog log) {
        this.channel = channel;
        this.attempt = attempt;
        this.clock = clock;
        this.log = log;
        if (channel.isPresent()) {
            heartbeat =
                    Optional.of(sender.scheduleWithFixedDelay(this::send, 0, period.toMillis(), TimeUnit.MILLISECONDS));
        } else {
            heartbeat = Optional.empty();
        }
    }

    /** What was found before the first step. */
    public synchronized void prepared(ModelStatus model, DataStatus data, PlanStatus plan) {
        this.model = model;
        this.data = data;
        this.plan = plan;
        soon();
    }

    /** Another phase began. */
    public synchronized void plan(PlanStatus next) {
        plan = next;
        soon();
    }

    /** The run goes on from a checkpoint. */
    public synchronized void resumed(long step) {
        this.resumedFromStep = step;
    }

    /** The trainer turned to something else. */
    public synchronized void state(TrainerState next) {
        if (state != next) {
            state = next;
            soon();
        }
    }

    /** A step was completed; told with the next heartbeat. */
    public synchronized void progress(ProgressStatus next) {
        progress = next;
    }

    /** An evaluation was completed. */
    public synchronized void metrics(List<MetricStatus> next) {
        metrics = List.copyOf(next);
        soon();
    }

    /** A checkpoint was completed. */
    public synchronized void checkpoint(CheckpointStatus next) {
        checkpoint = next;
        soon();
    }

    /** The latest complete checkpoint. */
    public synchronized @Nullable CheckpointStatus checkpoint() {
        return checkpoint;
    }

    /** The latest progress. */
    public synchronized @Nullable ProgressStatus progress() {
        return progress;
    }

    /** The end: sends the last report and waits for it, a bounded time. */
    public void end(LastWord word) {
        synchronized (this) {
            state = TrainerState.Ended;
            lastWord = word;
        }
        if (channel.isPresent()) {
            try {
                sender.submit(this::send).get(FINAL_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException | TimeoutException problem) {
                log.line("the last report was not delivered: " + problem);
            }
        }
    }

    private void soon() {
        if (channel.isPresent() && !sender.isShutdown()) {
            sender.execute(this::send);
        }
    }

    private void send() {
        ProgressChannel to = channel.orElseThrow();
        try {
            if (sequence < 0) {
                sequence = to.latestSequence() + 1;
            }
            to.send(report(sequence));
            sequence++;
            complained = false;
        } catch (IOException | IllegalArgumentException problem) {
            // HttpRequest refuses a URL or a token of another form with the latter.
            if (!complained) {
                log.line("progress is not reported for now: " + problem.getMessage());
            }
            complained = true;
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized ProgressReport report(long number) {
        return new ProgressReport(
                attempt,
                number,
                clock.instant().toString(),
                state,
                resumedFromStep,
                model,
                data,
                plan,
                progress,
                metrics,
                checkpoint,
                lastWord);
    }

    @Override
    public void close() {
        heartbeat.ifPresent(running -> running.cancel(true));
        sender.shutdownNow();
    }
}
