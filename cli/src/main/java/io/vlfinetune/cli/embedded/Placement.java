package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** One Job on the local node with its only pod. Changed by the node's own thread alone. */
final class Placement {
    /** Where it stands. */
    enum State {
        /** Waits for room. */
        Waiting,
        /** Its process lives. */
        Running,
        /** Its process has ended, or never began. */
        Ended
    }

    final Job job;
    final Pod pod;
    final String run;
    final String attempt;
    final NodeResources requested;
    State state = State.Waiting;
    String obstacle = "";
    String started = "";
    boolean deleted;
    CompletableFuture<Void> done = CompletableFuture.completedFuture(null);

    @Nullable
    TrainerProcess process;

    @Nullable
    Future<?> kill;

    Placement(Job job, Pod pod, NodeResources requested) {
        this.job = job;
        this.pod = pod;
        this.requested = requested;
        String name = job.getMetadata().getName();
        int cut = name.lastIndexOf('-');
        this.run = cut < 0 ? name : name.substring(0, cut);
        this.attempt = cut < 0 ? "1" : name.substring(cut + 1);
    }

    String uid() {
        return job.getMetadata().getUid();
    }
}
