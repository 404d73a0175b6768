package io.vlfinetune.e2e.faults;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What was seen of one run from outside, and what of it must never happen. */
public final class RunRecord {
    /** Begins the line of an outcome that counts preemptions. */
    static final String PREEMPTIONS = "preemptions ";

    private final List<String> violations = new CopyOnWriteArrayList<>();
    private final List<String> story = new CopyOnWriteArrayList<>();
    private final Map<String, Boolean> endedByJob = new HashMap<>();
    private final Set<String> trainers = new HashSet<>();
    private final CountDownLatch released = new CountDownLatch(1);
    private volatile Duration stepPatience = Duration.ofMillis(400);
    private int trainersEver;
    private VLFineTuneStatus status = VLFineTuneStatus.EMPTY;
    private boolean deleted;
    private boolean gone;

    /** Nothing will be struck: what a trainer reports is copied in the end, however busy the machine is. */
    void withoutFaults() {
        stepPatience = User.PATIENCE;
    }

    /** How long a trainer waits for its report to be copied before it goes on. */
    Duration stepPatience() {
        return stepPatience;
    }

    /** A new status. */
    synchronized void status(VLFineTuneStatus next) {
        if (next.equals(status)) {
            return;
        }
        story.add("status %s attempt %s percent %s checkpoint %s"
                .formatted(next.phase(), next.attempt(), percent(next), checkpoint(next)));
        if (percent(next) < percent(status)) {
            violations.add("percent went back from %d to %d".formatted(percent(status), percent(next)));
        }
        if (checkpoint(next) < checkpoint(status)) {
            violations.add("checkpoint went back from %d to %d".formatted(checkpoint(status), checkpoint(next)));
        }
        if (Objects.requireNonNullElse(next.attempt(), 0) < Objects.requireNonNullElse(status.attempt(), 0)) {
            violations.add("attempt went back from %s to %s".formatted(status.attempt(), next.attempt()));
        }
        if (finished(status) && next.phase() != status.phase()) {
            violations.add("a finished run turned from %s to %s".formatted(status.phase(), next.phase()));
        }
        status = next;
    }

    /** The user deleted the run. */
    synchronized void deleted() {
        deleted = true;
    }

    /** The run is gone; a trainer that is at work is told to stop by the garbage collector. */
    synchronized void gone() {
        story.add("run gone");
        gone = true;
    }

    synchronized boolean isGone() {
        return gone;
    }

    /** A Job as it is now. */
    synchronized void job(String name, boolean ended) {
        if (endedByJob.put(name, ended) == null) {
            story.add("job " + name);
        }
        List<String> live = endedByJob.entrySet().stream()
                .filter(job -> !job.getValue())
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
        if (live.size() > 1) {
            violations.add("more than one live attempt: " + live);
        }
    }

    /** A Job is gone. */
    synchronized void jobGone(String name) {
        story.add("job gone " + name);
        endedByJob.remove(name);
    }

    /** A trainer begins to work. */
    synchronized void trainerStarted(String pod) {
        story.add("trainer " + pod);
        trainers.add(pod);
        trainersEver++;
        if (trainers.size() > 1) {
            violations.add("more than one trainer at work: " + trainers);
        }
        if (gone) {
            violations.add("a trainer of a run that is gone: " + pod);
        }
    }

    /** A trainer has ended. */
    synchronized void trainerEnded(String pod) {
        trainers.remove(pod);
    }

    /** Trainers that ever worked. */
    synchronized int trainersEver() {
        return trainersEver;
    }

    /** Lets a trainer go on that was told to wait. */
    void release() {
        released.countDown();
    }

    /** Waits for it, but not for ever. */
    void awaitRelease() {
        try {
            released.await(60, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The scratch volume is gone. */
    synchronized void claimGone(String name) {
        if (!deleted) {
            violations.add("checkpoints were lost with " + name);
        }
    }

    public synchronized VLFineTuneStatus status() {
        return status;
    }

    public synchronized @Nullable Phase phase() {
        return status.phase();
    }

    List<String> violations() {
        return List.copyOf(violations);
    }

    public List<String> story() {
        return List.copyOf(story);
    }

    public static boolean finished(VLFineTuneStatus status) {
        return status.phase() == Phase.Succeeded || status.phase() == Phase.Failed;
    }

    static int percent(VLFineTuneStatus status) {
        return status.progress() == null
                ? 0
                : Objects.requireNonNullElse(status.progress().percent(), 0);
    }

    private static long checkpoint(VLFineTuneStatus status) {
        CheckpointStatus checkpoint = status.checkpoint();
        return checkpoint == null ? 0 : Objects.requireNonNullElse(checkpoint.step(), 0L);
    }

    /** All of a status that must be the same with and without faults. */
    static List<String> outcome(VLFineTuneStatus status) {
        List<String> outcome = new ArrayList<>();
        outcome.add("phase " + status.phase());
        outcome.add("percent " + percent(status));
        outcome.add("checkpoint " + checkpoint(status));
        outcome.add(
                "failure " + (status.failure() == null ? null : status.failure().reason()));
        outcome.add("attempts "
                + status.attempts().stream()
                        .map((AttemptStatus attempt) -> attempt.number() + " " + attempt.reason())
                        .toList());
        outcome.add(PREEMPTIONS + Objects.requireNonNullElse(status.preemptions(), 0));
        status.conditions().stream()
                .map(condition -> condition.type() + " " + condition.status() + " " + condition.reason())
                .sorted()
                .forEach(outcome::add);
        return List.copyOf(outcome);
    }
}
