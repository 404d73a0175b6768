package io.vlfinetune.e2e.faults;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.OutputStatus;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One Job and the trainer in it. The base model's URI says how it goes: {@code …/exit-11} fails for good, {@code
 * …/once-exit-30} fails in its first attempt, {@code …/preempted} loses its first pod to somebody else, {@code …/sleep}
 * works until it is told to stop, {@code …/sleep-first} does so in its first attempt, {@code …/held} goes on when the test says so; any other succeeds.
 *
 * <p>A trainer takes its next step when the operator has seen the last one, or after a while without: so a life without
 * faults is always the same, and a fault still finds a world that goes on.
 */
final class JobLife {
    private static final int PERCENT = 30;
    private static final long BACKOFF_MILLIS = 100;
    private static final String RUN = "vlfinetune.io/run";

    private final Job job;
    private final RunRecord record;
    private final NodeWrites writes;
    private final Consumer<String> troubles;
    private final BooleanSupplier closed;
    private final AtomicBoolean started = new AtomicBoolean();
    private final CountDownLatch stop = new CountDownLatch(1);
    private final int attempt;
    private final String wish;
    private long sequence;
    private long checkpoint;

    JobLife(Job job, Witness witness, NodeWrites writes, Consumer<String> troubles, BooleanSupplier closed) {
        this.job = job;
        this.writes = writes;
        this.troubles = troubles;
        this.closed = closed;
        Map<String, String> labels = job.getMetadata().getLabels();
        this.record = witness.record(job.getMetadata().getNamespace(), labels.get(RUN));
        this.attempt = Integer.parseInt(labels.get("vlfinetune.io/attempt"));
        this.wish = wish(job);
    }

    private static String wish(Job job) {
        String text = job.getSpec().getTemplate().getMetadata().getAnnotations().get("vlfinetune.io/run.json");
        try {
            String source =
                    Json.strict().readTree(text).path("model").path("source").asText();
            return source.substring(source.lastIndexOf('/') + 1);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    /** Begins, once. */
    void start() {
        if (started.compareAndSet(false, true)) {
            Thread.ofVirtual().start(() -> {
                try {
                    live();
                } catch (RuntimeException | JsonProcessingException e) {
                    if (!closed.getAsBoolean()) {
                        troubles.accept(job.getMetadata().getNamespace() + "/"
                                + job.getMetadata().getName() + ": " + e);
                    }
                }
            });
        }
    }

    /** SIGTERM. */
    void stop() {
        stop.countDown();
    }

    private void live() throws JsonProcessingException {
        if (stopped(0)) {
            writes.releaseJob(job);
            return;
        }
        Pod pod;
        try {
            pod = pod("abcde");
        } catch (KubernetesClientException e) {
            // As a Job controller whose pods are refused: it waits, and its Job can be deleted.
            stopped(Long.MAX_VALUE);
            writes.releaseJob(job);
            return;
        }
        writes.jobActive(job);
        writes.podRunning(pod);
        if (wish.equals("preempted")) {
            train(1);
            preempt(pod);
            pod = pod("fghij");
            writes.podRunning(pod);
        }
        if (wish.equals("sleep") || (wish.equals("sleep-first") && attempt == 1)) {
            train(1);
            stopped(60_000);
        } else if (wish.startsWith("exit-") || (wish.startsWith("once-exit-") && attempt == 1)) {
            train(1);
            if (!stopped(0)) {
                fail(pod, Integer.parseInt(wish.substring(wish.lastIndexOf('-') + 1)));
                return;
            }
        } else {
            train(1);
            if (wish.equals("held")) {
                record.awaitRelease();
            }
            train(2);
            if (!stopped(0)) {
                succeed(pod);
                return;
            }
        }
        beStopped(pod);
    }

    private Pod pod(String suffix) {
        Pod pod = writes.createPod(job, suffix);
        record.trainerStarted(pod.getMetadata().getName());
        return pod;
    }

    /** A step, a checkpoint and a report; waits for the operator a little. */
    private void train(int step) {
        if (stopped(0)) {
            return;
        }
        checkpoint = Math.max(checkpoint, step);
        int percent = step * PERCENT;
        report(TrainerState.Training, percent, null);
        long deadline = System.nanoTime() + record.stepPatience().toNanos();
        while (System.nanoTime() < deadline
                && !(record.phase() == Phase.Running && RunRecord.percent(record.status()) >= percent)) {
            if (stopped(5)) {
                return;
            }
        }
    }

    private void preempt(Pod pod) throws JsonProcessingException {
        LastWord word = word(LastWord.Outcome.Stopped, null, "told to stop");
        report(TrainerState.Ended, (int) checkpoint * PERCENT, word);
        record.trainerEnded(pod.getMetadata().getName());
        writes.podEnded(pod, 40, Json.strict().writeValueAsString(word), true);
        stopped(BACKOFF_MILLIS);
        writes.removePod(pod);
    }

    private void fail(Pod pod, int code) throws JsonProcessingException {
        Reason reason = Reason.ofExitCode(code).orElseThrow();
        LastWord word = word(LastWord.Outcome.Failed, reason, "asked to fail");
        end(pod, code, word);
        boolean permanent = reason.retry() == Reason.Retry.Never;
        writes.jobEnded(
                job,
                false,
                permanent ? "PodFailurePolicy" : "BackoffLimitExceeded",
                permanent ? "failed with exit code " + code : "Job has reached the specified backoff limit");
    }

    private void succeed(Pod pod) throws JsonProcessingException {
        end(pod, 0, word(LastWord.Outcome.Succeeded, null, "trained"));
        writes.jobEnded(job, true, "CompletionsReached", "");
    }

    private void end(Pod pod, int code, LastWord word) throws JsonProcessingException {
        report(TrainerState.Ended, (int) checkpoint * PERCENT, word);
        record.trainerEnded(pod.getMetadata().getName());
        writes.podEnded(pod, code, Json.strict().writeValueAsString(word), false);
    }

    /** The Job is being deleted: a checkpoint, a last word, and nothing is left. */
    private void beStopped(Pod pod) throws JsonProcessingException {
        end(pod, 40, word(LastWord.Outcome.Stopped, null, "told to stop"));
        writes.removePod(pod);
        writes.releaseJob(job);
    }

    private boolean stopped(long millis) {
        try {
            return stop.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private LastWord word(LastWord.Outcome outcome, @Nullable Reason reason, String message) {
        boolean succeeded = outcome == LastWord.Outcome.Succeeded;
        return new LastWord(
                attempt,
                outcome,
                reason,
                message,
                checkpoint,
                checkpoint(),
                succeeded ? new OutputStatus("pvc://models/tuned", "sha256:0", 12L) : null,
                succeeded ? new ProofStatus(148, 148, 4, List.of(), List.of()) : null,
                null);
    }

    private @Nullable CheckpointStatus checkpoint() {
        return checkpoint == 0
                ? null
                : new CheckpointStatus(checkpoint, "scratch/checkpoint-" + checkpoint, "2026-01-01T00:00:00Z", 1L);
    }

    private void report(TrainerState state, int percent, @Nullable LastWord word) {
        sequence++;
        long step = checkpoint;
        writes.report(
                job,
                new ProgressReport(
                        attempt,
                        sequence,
                        Instant.now().toString(),
                        state,
                        null,
                        null,
                        null,
                        new PlanStatus("sha256:1", 1000L, 26L, "2.60", List.of()),
                        new ProgressStatus(percent, step, 3L, "1.0", "0.5", "1e-3", "12.3", "99", 1L, 1L << 28),
                        List.of(),
                        checkpoint(),
                        word));
    }
}
