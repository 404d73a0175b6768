package io.vlfinetune.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.policy.v1.EvictionBuilder;
import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * On a real API server with the real Job controller, garbage collector and namespace controller: all that the local node
 * is a stand-in for elsewhere, and what only they do.
 */
@ExtendWith(ControlledServer.Resolver.class)
class ControllersBehaviourTest extends BehaviourSuite {
    /** The Job controller waits ten seconds before it replaces a pod. */
    private static final Duration REPLACED = Duration.ofSeconds(45);

    private static ControlledServer controlled;

    @BeforeAll
    static void take(ControlledServer shared) {
        controlled = shared;
    }

    @Override
    Cluster start(Path folder) throws Exception {
        assertThat(controlled.manager().failure()).isNull();
        return Cluster.controlled(controlled, folder);
    }

    @Test
    void givenATrainerThatTheKernelKillsForWantOfMemoryThenItIsTriedOnceMoreAndTheRunFails() {
        cluster.create("greedy", "killed");
        awaitPhase("greedy", Phase.Failed);

        assertThat(status("greedy").failure().reason()).isEqualTo("OutOfMemory");
        assertThat(status("greedy").failure().oomKilled()).isTrue();
        assertThat(status("greedy").attempts())
                .extracting(AttemptStatus::number, AttemptStatus::reason)
                .containsExactly(tuple(1, "OutOfMemory"), tuple(2, "OutOfMemory"));
        assertThat(conditions(job("greedy-2"))).containsExactly("FailureTarget", "Failed");
    }

    @Test
    void givenAnEvictedPodThenTheJobControllerReplacesItAndNoAttemptIsCounted() {
        cluster.create("evicted", "once-sleep");
        awaitPhase("evicted", Phase.Running);
        Pod first = pods("evicted").getFirst();

        user.pods()
                .resource(first)
                .evict(new EvictionBuilder()
                        .withNewMetadata()
                        .withName(first.getMetadata().getName())
                        .withNamespace(first.getMetadata().getNamespace())
                        .endMetadata()
                        .build());

        await().atMost(REPLACED).until(() -> status("evicted").phase() == Phase.Succeeded);
        assertThat(status("evicted").attempt()).isEqualTo(1);
        assertThat(status("evicted").failure()).isNull();
        assertThat(user.resources(Job.class).list().getItems()).hasSize(1);
        assertThat(pods("evicted"))
                .extracting(pod -> pod.getMetadata().getName())
                .doesNotContain(first.getMetadata().getName())
                .hasSize(1);
        assertThat(folder.resolve("runs/evicted/attempt-1.log")).content().containsSubsequence("at work", "at work");
    }

    @Test
    void givenARunThatIsDeletedInTheForegroundThenItGoesLast() {
        cluster.create("foreground", "sleep");
        awaitPhase("foreground", Phase.Running);

        user.resources(VLFineTune.class)
                .withName("foreground")
                .withPropagationPolicy(DeletionPropagation.FOREGROUND)
                .delete();

        await().atMost(PATIENCE)
                .until(() ->
                        user.resources(VLFineTune.class).withName("foreground").get() == null);
        assertThat(Stream.of(Job.class, Pod.class, VLFineTuneProgress.class, PersistentVolumeClaim.class)
                        .flatMap(kind -> user.resources(kind).list().getItems().stream()))
                .isEmpty();
        assertThat(folder.resolve("runs/foreground/trainer.pid")).doesNotExist();
    }

    @Test
    void givenANamespaceThatIsDeletedThenItsTrainerStopsAndTheNamespaceGoes() {
        String name = "short-lived";
        controlled.server().createNamespace(name);
        VLFineTune run = Cluster.run("inside", "sleep");
        run.getMetadata().setNamespace(name);
        user.resource(run).create();
        await().atMost(PATIENCE).until(() -> {
            VLFineTune seen = user.resource(run).get();
            return seen.getStatus() != null && seen.getStatus().phase() == Phase.Running;
        });

        user.namespaces().withName(name).delete();

        await().atMost(PATIENCE)
                .until(() -> Objects.isNull(user.namespaces().withName(name).get()));
        assertThat(List.of(folder.resolve("runs/inside/attempt-1/dev/termination-log")))
                .singleElement()
                .satisfies(word -> assertThat(word).content().contains("stopped at step 3"));
    }
}
