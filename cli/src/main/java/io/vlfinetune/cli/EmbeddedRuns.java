package io.vlfinetune.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.cli.embedded.ApiServer;
import io.vlfinetune.cli.embedded.EmbeddedControlPlane;
import io.vlfinetune.cli.embedded.LocalNode;
import io.vlfinetune.cli.embedded.OutOfMemoryWitness;
import io.vlfinetune.cli.embedded.WorkFolder;
import io.vlfinetune.contract.ExitCodes;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.random.RandomGenerator;

/** Applies resources to an embedded control plane and follows them to their end. */
final class EmbeddedRuns {
    private static final Duration ACCEPTANCE = Duration.ofSeconds(5);

    private final Surroundings surroundings;
    private final ServerOption server;
    private final PrintStream table;
    /** Ends what has been started so far. */
    private volatile Runnable close = () -> {};

    /** The table goes to standard output, unless that is reserved for JSON. */
    EmbeddedRuns(Surroundings surroundings, ServerOption server, boolean json) {
        this.surroundings = surroundings;
        this.server = server;
        this.table = json ? surroundings.err() : surroundings.out();
    }

    /**
     * Runs everything; Ctrl-C and SIGTERM stop the trainers after a checkpoint and exit with 40.
     *
     * @param then gets the ended runs, in the order of the resources, while the server still answers
     * @return the exit code: the highest of all runs
     */
    int execute(WorkFolder work, List<ObjectNode> resources, BiConsumer<KubernetesClient, List<VLFineTune>> then)
            throws IOException {
        LocalNode.Parts parts = new LocalNode.Parts(
                work,
                surroundings.trainer(),
                surroundings.machine(),
                OutOfMemoryWitness.ofThisMachine(),
                surroundings.clock(),
                RandomGenerator.getDefault(),
                surroundings.err()::println);
        // There before anything is started: what a Ctrl-C left behind would go on without this process.
        Thread hook = new Thread(() -> stop(work));
        Runtime.getRuntime().addShutdownHook(hook);
        try (EmbeddedControlPlane plane = start(work, parts)) {
            List<VLFineTune> ended = follow(plane, resources);
            withdraw(hook);
            ended.forEach(run -> announce(plane.client(), run));
            then.accept(plane.client(), ended);
            return ended.stream().mapToInt(RunEnd::exitCode).max().orElse(ExitCodes.DONE);
        } finally {
            // Where something failed nothing was stopped, and nobody may be told so.
            withdraw(hook);
        }
    }

    private EmbeddedControlPlane start(WorkFolder work, LocalNode.Parts parts) throws IOException {
        ApiServer started = server.start(surroundings, work);
        close = started::close;
        EmbeddedControlPlane plane = EmbeddedControlPlane.start(started, parts);
        close = plane::close;
        return plane;
    }

    private static void withdraw(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException stopping) {
            // It is at work, and ends the process.
        }
    }

    private void announce(KubernetesClient client, VLFineTune run) {
        surroundings.err().println(RunEnd.message(run));
        if (TrainerPods.wasComplete(client, run)) {
            surroundings.err().println("  already complete in this work folder: nothing was trained");
        }
    }

    private void stop(WorkFolder work) {
        surroundings.err().println();
        surroundings.err().println("stopping: each trainer writes a checkpoint");
        close.run();
        surroundings.err().println("stopped; the same command with --work " + work.path() + " goes on from there");
        surroundings.err().flush();
        Runtime.getRuntime().halt(ExitCodes.STOPPED);
    }

    private List<VLFineTune> follow(EmbeddedControlPlane plane, List<ObjectNode> resources) {
        BlockingQueue<VLFineTune> changes = new LinkedBlockingQueue<>();
        Map<String, VLFineTune> runs = new LinkedHashMap<>();
        LiveTable live = new LiveTable(table, surroundings);
        try (SharedIndexInformer<VLFineTune> informer = watch(plane.client(), changes)) {
            for (ObjectNode resource : resources) {
                VLFineTune run = plane.create(resource);
                runs.put(run.getMetadata().getName(), run);
                awaitAccepted(run.getMetadata().getName(), changes, runs);
            }
            live.show(runs.values());
            while (!runs.values().stream().allMatch(RunEnd::reached)) {
                VLFineTune changed = changes.poll(1, TimeUnit.SECONDS);
                if (changed != null) {
                    runs.put(changed.getMetadata().getName(), changed);
                }
                if (changed != null || surroundings.terminal()) {
                    live.show(runs.values());
                }
            }
            informer.stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new ArrayList<>(runs.values());
    }

    /** Runs queue in the order of their files: the next is created once the operator has answered to the one before. */
    private static void awaitAccepted(String name, BlockingQueue<VLFineTune> changes, Map<String, VLFineTune> runs)
            throws InterruptedException {
        long deadline = System.nanoTime() + ACCEPTANCE.toNanos();
        VLFineTune changed;
        do {
            changed = changes.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (changed != null) {
                runs.put(changed.getMetadata().getName(), changed);
            }
        } while (changed != null
                && !(changed.getMetadata().getName().equals(name)
                        && changed.getStatus() != null
                        && !changed.getStatus().conditions().isEmpty()));
    }

    private static SharedIndexInformer<VLFineTune> watch(KubernetesClient client, BlockingQueue<VLFineTune> changes) {
        return client.resources(VLFineTune.class).inform(new ResourceEventHandler<>() {
            @Override
            public void onAdd(VLFineTune run) {
                changes.add(run);
            }

            @Override
            public void onUpdate(VLFineTune before, VLFineTune run) {
                changes.add(run);
            }

            @Override
            public void onDelete(VLFineTune run, boolean stateUnknown) {
                changes.add(run);
            }
        });
    }
}
