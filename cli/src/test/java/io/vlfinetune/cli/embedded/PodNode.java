package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.BindingBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scheduler and kubelet of the only node of a cluster whose Jobs a real Job controller looks after; {@link LocalNode} is a
 * Job controller as well. It knows pods alone: binds them, runs them as processes, and lets deleted ones go once their
 * process has ended.
 */
public final class PodNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PodNode.class);
    private static final String NAME = "this-machine";

    private final KubernetesClient client;
    private final LocalNode.Parts parts;
    private final StatusWriter statuses;
    private final ProjectedFiles projected;
    private final Map<String, Placed> placed = new LinkedHashMap<>();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("pod-node").daemon().factory());
    private final SharedIndexInformer<Pod> pods;

    /** A pod on this node; touched by the node's own thread alone. */
    private static final class Placed {
        Pod pod;
        final NodeResources requested;
        String obstacle = "";
        String started = "";
        boolean ended;
        CompletableFuture<Void> done = CompletableFuture.completedFuture(null);

        @Nullable
        TrainerProcess process;

        Placed(Pod pod, NodeResources requested) {
            this.pod = pod;
            this.requested = requested;
        }

        boolean running() {
            return process != null && !ended;
        }

        String label(String key) {
            return pod.getMetadata().getLabels().get(key);
        }
    }

    private PodNode(KubernetesClient client, LocalNode.Parts parts) {
        this.client = client;
        this.parts = parts;
        this.statuses = new StatusWriter(client, parts.clock());
        this.projected = new ProjectedFiles(client);
        this.pods = client.pods()
                .inAnyNamespace()
                .withLabel("app.kubernetes.io/managed-by", "vlfinetune-operator")
                .runnableInformer(0);
    }

    /** Joins: looks after every trainer's pod of the server. */
    public static PodNode start(KubernetesClient client, LocalNode.Parts parts) {
        PodNode node = new PodNode(client, parts);
        node.pods.addEventHandler(new ResourceEventHandler<>() {
            @Override
            public void onAdd(Pod pod) {
                node.later(() -> node.observe(pod));
            }

            @Override
            public void onUpdate(Pod before, Pod pod) {
                node.later(() -> node.observe(pod));
            }

            @Override
            public void onDelete(Pod pod, boolean stateUnknown) {
                node.later(() -> node.gone(pod));
            }
        });
        node.pods.run();
        return node;
    }

    private void later(Runnable step) {
        thread.execute(() -> {
            try {
                step.run();
            } catch (KubernetesClientException e) {
                // The pod went away between the event and our answer to it; its own event follows.
                LOG.info("pod node: {}", e.getMessage());
            } catch (RuntimeException e) {
                LOG.error("pod node", e);
            }
        });
    }

    private void observe(Pod pod) {
        Placed known = placed.get(pod.getMetadata().getUid());
        if (known != null) {
            known.pod = pod;
        }
        if (pod.getMetadata().getDeletionTimestamp() != null) {
            stop(pod, known);
        } else if (known == null && "Pending".equals(pod.getStatus().getPhase())) {
            NodeResources requested =
                    NodeResources.requestedBy(pod.getSpec().getContainers().getFirst(), parts.capacity());
            placed.put(pod.getMetadata().getUid(), new Placed(pod, requested));
            schedule();
        }
    }

    private void schedule() {
        for (Placed waiting : List.copyOf(placed.values())) {
            if (waiting.process == null && !waiting.ended) {
                NodeResources free = parts.capacity();
                for (Placed other : placed.values()) {
                    free = other.running() ? free.minus(other.requested) : free;
                }
                boolean idle = placed.values().stream().noneMatch(Placed::running);
                String obstacle = idle ? "" : waiting.requested.obstacle(free);
                if (obstacle.isEmpty()) {
                    run(waiting);
                } else if (!obstacle.equals(waiting.obstacle)) {
                    waiting.obstacle = obstacle;
                    statuses.podUnschedulable(waiting.pod, obstacle);
                }
            }
        }
    }

    private void run(Placed pod) {
        bind(pod.pod);
        try {
            TrainerProcess process = TrainerProcess.start(
                    parts.command(),
                    parts.work(),
                    pod.label("vlfinetune.io/run"),
                    pod.label("vlfinetune.io/attempt"),
                    pod.pod,
                    parts.capacity(),
                    parts.witness(),
                    projected);
            pod.process = process;
            pod.done = process.ended().thenAccept(end -> later(() -> ended(pod, end)));
        } catch (IOException e) {
            throw new IllegalStateException("the trainer does not start", e);
        }
        pod.started = statuses.podRunning(pod.pod);
    }

    private void bind(Pod pod) {
        client.bindings()
                .inNamespace(pod.getMetadata().getNamespace())
                .resource(new BindingBuilder()
                        .withNewMetadata()
                        .withName(pod.getMetadata().getName())
                        .endMetadata()
                        .withNewTarget()
                        .withKind("Node")
                        .withName(NAME)
                        .endTarget()
                        .build())
                .create();
    }

    private void stop(Pod pod, @Nullable Placed known) {
        if (known == null || !known.running()) {
            release(pod);
            return;
        }
        TrainerProcess process = Objects.requireNonNull(known.process);
        process.terminate();
        long grace = Objects.requireNonNullElse(pod.getMetadata().getDeletionGracePeriodSeconds(), 30L);
        CompletableFuture.delayedExecutor(grace, TimeUnit.SECONDS, thread).execute(process::kill);
    }

    private void ended(Placed pod, TrainerProcess.Ended end) {
        pod.ended = true;
        try {
            parts.work().forget(pod.label("vlfinetune.io/run"));
        } catch (IOException e) {
            LOG.warn("pod node: {}", e.getMessage());
        }
        try {
            Pod latest = client.resource(pod.pod).get();
            if (latest != null) {
                statuses.podEnded(latest, pod.started, end);
                if (latest.getMetadata().getDeletionTimestamp() != null) {
                    release(latest);
                }
            }
        } finally {
            schedule();
        }
    }

    /** What a kubelet does once no process of a deleted pod is left. */
    private void release(Pod pod) {
        client.resource(pod).withGracePeriod(0).delete();
    }

    private void gone(Pod pod) {
        Placed known = placed.remove(pod.getMetadata().getUid());
        if (known != null && known.running()) {
            Objects.requireNonNull(known.process).kill();
        }
        schedule();
    }

    /** Kills what still runs, and returns once nothing does. */
    @Override
    public void close() {
        pods.stop();
        List<CompletableFuture<Void>> ends =
                CompletableFuture.supplyAsync(this::killAll, thread).join();
        CompletableFuture.allOf(ends.toArray(CompletableFuture<?>[]::new)).join();
        thread.shutdownNow();
    }

    private List<CompletableFuture<Void>> killAll() {
        List<Placed> running = placed.values().stream().filter(Placed::running).toList();
        running.forEach(pod -> Objects.requireNonNull(pod.process).kill());
        return running.stream().map(pod -> pod.done).toList();
    }
}
