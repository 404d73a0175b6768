package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This machine as the only node of a cluster: Job controller, scheduler and kubelet in one. A Job's pod is a process;
 * what does not fit waits, but an idle node always starts one. All work is done by one thread of its own.
 */
public final class LocalNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalNode.class);
    /** Held from the start, so that every deletion is a foreground one: pods first, then the Job. */
    private static final String FOREGROUND = "foregroundDeletion";

    private static final Duration USUAL_GRACE = Duration.ofSeconds(30);
    private static final int CANNOT_RUN = 128;
    /** The shortest life of a token is ten minutes (TokenRequest); trainers read theirs before each report. */
    private static final long TOKEN_REFRESH_MINUTES = 8;

    private final KubernetesClient client;
    private final WorkFolder work;
    private final TrainerCommand command;
    private final NodeResources capacity;
    private final OutOfMemoryWitness witness;
    private final RandomGenerator random;
    private final Consumer<String> notices;
    private final StatusWriter statuses;
    private final ProjectedFiles projected;
    private final Map<String, Placement> placements = new LinkedHashMap<>();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("local-node").daemon().factory());
    private final SharedIndexInformer<Job> jobs;

    @Nullable
    private Future<?> refresh;

    private boolean closing;
    private boolean saidNoGpu;

    /** What this node is made of; a record because a builder would say less. */
    public record Parts(
            WorkFolder work,
            TrainerCommand command,
            NodeResources capacity,
            OutOfMemoryWitness witness,
            Clock clock,
            RandomGenerator random,
            Consumer<String> notices) {}

    private LocalNode(KubernetesClient client, Parts parts) {
        this.client = client;
        this.work = parts.work();
        this.command = parts.command();
        this.capacity = parts.capacity();
        this.witness = parts.witness();
        this.random = parts.random();
        this.notices = parts.notices();
        this.statuses = new StatusWriter(client, parts.clock());
        this.projected = new ProjectedFiles(client);
        this.jobs = client.batch().v1().jobs().inAnyNamespace().runnableInformer(0);
    }

    /** Joins: looks after every Job of the server. */
    public static LocalNode start(KubernetesClient client, Parts parts) {
        LocalNode node = new LocalNode(client, parts);
        node.jobs.addEventHandler(new ResourceEventHandler<>() {
            @Override
            public void onAdd(Job job) {
                node.later(() -> node.observe(job));
            }

            @Override
            public void onUpdate(Job before, Job job) {
                node.later(() -> node.observe(job));
            }

            @Override
            public void onDelete(Job job, boolean stateUnknown) {
                node.later(() -> node.gone(job));
            }
        });
        node.jobs.run();
        node.refresh = node.thread.scheduleWithFixedDelay(
                node::refreshTokens, TOKEN_REFRESH_MINUTES, TOKEN_REFRESH_MINUTES, TimeUnit.MINUTES);
        return node;
    }

    private void later(Runnable step) {
        thread.execute(() -> {
            try {
                step.run();
            } catch (KubernetesClientException e) {
                // The object went away between the event and our answer to it; its own event follows.
                LOG.info("local node: {}", e.getMessage());
            } catch (RuntimeException e) {
                LOG.error("local node", e);
            }
        });
    }

    private void observe(Job job) {
        Placement placement = placements.get(job.getMetadata().getUid());
        if (job.getMetadata().getDeletionTimestamp() != null) {
            if (placement == null) {
                statuses.finalizers(job, List.of());
            } else {
                delete(placement);
            }
        } else if (placement == null && !closing && !finished(job) && !suspended(job)) {
            admit(job);
        }
    }

    private static boolean suspended(Job job) {
        return Boolean.TRUE.equals(job.getSpec().getSuspend());
    }

    private static boolean finished(Job job) {
        return job.getStatus() != null
                && job.getStatus().getConditions().stream()
                        .anyMatch(condition -> condition.getType().equals("Complete")
                                || condition.getType().equals("Failed"));
    }

    private void admit(Job job) {
        statuses.finalizers(job, List.of(FOREGROUND));
        Pod pod = client.resource(PodOfJob.of(job, random)).create();
        NodeResources requested =
                NodeResources.requestedBy(pod.getSpec().getContainers().getFirst(), capacity);
        Placement placement = new Placement(job, pod, requested);
        placements.put(placement.uid(), placement);
        statuses.jobStarted(job);
        if (requested.gpus() > capacity.gpus() && !saidNoGpu) {
            saidNoGpu = true;
            notices.accept(
                    "a GPU was asked for and this machine has none: training on the CPU (write resources.gpus: 0 to say so)");
        }
        schedule();
    }

    private void schedule() {
        for (Placement placement : List.copyOf(placements.values())) {
            if (placement.state == Placement.State.Waiting && !placement.deleted && !closing) {
                List<Placement> running = running();
                String obstacle = running.isEmpty() ? "" : placement.requested.obstacle(free(running));
                if (obstacle.isEmpty()) {
                    run(placement);
                } else if (!obstacle.equals(placement.obstacle)) {
                    placement.obstacle = obstacle;
                    statuses.podUnschedulable(placement.pod, obstacle);
                }
            }
        }
    }

    private List<Placement> running() {
        return placements.values().stream()
                .filter(placement -> placement.state == Placement.State.Running)
                .toList();
    }

    private NodeResources free(List<Placement> running) {
        NodeResources free = capacity;
        for (Placement placement : running) {
            free = free.minus(placement.requested);
        }
        return free;
    }

    private void run(Placement placement) {
        placement.state = Placement.State.Running;
        try {
            placement.process = TrainerProcess.start(
                    command, work, placement.run, placement.attempt, placement.pod, capacity, witness, projected);
        } catch (IOException e) {
            placement.started = statuses.now();
            ended(
                    placement,
                    new TrainerProcess.Ended(CANNOT_RUN, "StartError", "cannot start the trainer: " + e.getMessage()));
            return;
        }
        placement.done = placement.process.ended().thenAccept(end -> later(() -> ended(placement, end)));
        placement.started = statuses.podRunning(placement.pod);
        statuses.jobReady(placement.job);
    }

    private void refreshTokens() {
        for (Placement placement : running()) {
            try {
                Objects.requireNonNull(placement.process).refreshTokens(placement.pod, projected);
            } catch (IOException e) {
                LOG.warn("local node: {}", e.getMessage());
            }
        }
    }

    private void ended(Placement placement, TrainerProcess.Ended end) {
        placement.state = Placement.State.Ended;
        if (placement.kill != null) {
            placement.kill.cancel(false);
        }
        try {
            work.forget(placement.run);
        } catch (IOException e) {
            LOG.warn("local node: {}", e.getMessage());
        }
        try {
            statuses.podEnded(placement.pod, placement.started, end);
            if (placement.deleted) {
                remove(placement);
            } else {
                String pod = placement.pod.getMetadata().getName();
                statuses.jobEnded(placement.job, JobOutcome.of(placement.job, pod, end.exitCode()));
            }
        } finally {
            schedule();
        }
    }

    private void delete(Placement placement) {
        if (placement.deleted) {
            return;
        }
        placement.deleted = true;
        if (placement.state == Placement.State.Running) {
            terminate(placement);
        } else {
            placement.state = Placement.State.Ended;
            remove(placement);
        }
    }

    private void terminate(Placement placement) {
        TrainerProcess process = Objects.requireNonNull(placement.process);
        process.terminate();
        if (placement.kill == null) {
            placement.kill = thread.schedule(process::kill, grace(placement).toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private static Duration grace(Placement placement) {
        Long seconds = placement.pod.getSpec().getTerminationGracePeriodSeconds();
        return seconds == null ? USUAL_GRACE : Duration.ofSeconds(seconds);
    }

    private void remove(Placement placement) {
        client.resource(placement.pod).withGracePeriod(0).delete();
        placements.remove(placement.uid());
        statuses.finalizers(placement.job, List.of());
    }

    /** A Job that went away without its finalizer must not leave a process behind. */
    private void gone(Job job) {
        Placement placement = placements.get(job.getMetadata().getUid());
        if (placement != null) {
            delete(placement);
        }
    }

    /** Stops every trainer in order: SIGTERM, a checkpoint within the grace period, SIGKILL. */
    @Override
    public void close() {
        jobs.stop();
        if (refresh != null) {
            refresh.cancel(false);
        }
        if (thread.isShutdown()) {
            return;
        }
        List<CompletableFuture<?>> ends = new ArrayList<>();
        CompletableFuture<Void> told = CompletableFuture.runAsync(
                () -> {
                    closing = true;
                    for (Placement placement : running()) {
                        terminate(placement);
                        ends.add(placement.done);
                    }
                },
                thread);
        told.join();
        CompletableFuture.allOf(ends.toArray(CompletableFuture<?>[]::new)).join();
        // The last statuses, then nothing more.
        CompletableFuture.runAsync(() -> {}, thread).join();
        thread.shutdownNow();
    }
}
