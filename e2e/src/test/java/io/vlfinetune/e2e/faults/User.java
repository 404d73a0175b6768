package io.vlfinetune.e2e.faults;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * The user of one run, with an undisturbed line.
 *
 * @param client may do anything
 * @param namespace namespace of the run
 * @param run its name
 * @param record what is seen of it
 */
public record User(KubernetesClient client, String namespace, String run, RunRecord record) {
    /** Longest time from the end of a fault to the desired state; seconds would do on a machine of its own. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final List<Class<? extends HasMetadata>> OWNED =
            List.of(Job.class, Pod.class, VLFineTuneProgress.class, PersistentVolumeClaim.class);

    /** Text of a run whose trainer does as the wish says. */
    public static String yaml(String namespace, String run, String wish) {
        return """
                apiVersion: vlfinetune.io/v1alpha1
                kind: VLFineTune
                metadata:
                  name: %s
                  namespace: %s
                spec:
                  model:
                    source: pvc://models/%s
                  data:
                    train:
                      - source: pvc://data/train.jsonl
                  freeze:
                    visionTower: true
                  training:
                    steps: 3
                  output:
                    destination: pvc://models/tuned
                  resources:
                    gpus: 0
                    scratch:
                      size: 1Gi
                """.formatted(run, namespace, wish);
    }

    void create(String wish) {
        client.resource(Serialization.unmarshal(yaml(namespace, run, wish), GenericKubernetesResource.class))
                .create();
    }

    public void suspend(boolean suspend) {
        client.resources(VLFineTune.class)
                .inNamespace(namespace)
                .withName(run)
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"spec\":{\"lifecycle\":{\"suspend\":%s}}}".formatted(suspend));
    }

    void delete() {
        record.deleted();
        client.resources(VLFineTune.class).inNamespace(namespace).withName(run).delete();
    }

    void await(Phase phase) {
        await("phase " + phase, () -> record.phase() == phase);
    }

    void await(String what, BooleanSupplier done) {
        await(what, PATIENCE, done);
    }

    public static void await(String what, Duration patience, BooleanSupplier done) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!done.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("no %s after %d s".formatted(what, patience.toSeconds()));
            }
            pause(10);
        }
    }

    static void pause(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Everything that was made for the run and is still there. */
    List<HasMetadata> children() {
        return OWNED.stream()
                .<HasMetadata>flatMap(kind -> client.resources(kind).inNamespace(namespace).list().getItems().stream())
                .toList();
    }

    /** Children that nobody owns. */
    Stream<String> orphans() {
        return children().stream()
                .filter(child -> child.getMetadata().getOwnerReferences().isEmpty())
                .map(child -> child.getKind() + " " + child.getMetadata().getName());
    }

    /** Reasons of the events of the run. */
    List<String> events() {
        return client.v1().events().inNamespace(namespace).list().getItems().stream()
                .filter(event -> event.getInvolvedObject().getName().equals(run))
                .map(Event::getReason)
                .sorted()
                .toList();
    }
}
