package io.vlfinetune.operator.reconcile;

import io.fabric8.kubernetes.api.model.DeleteOptionsBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.operator.access.AccessMemory;
import io.vlfinetune.operator.access.TrainerAccess;
import io.vlfinetune.operator.attempt.Children;
import io.vlfinetune.operator.attempt.JobFacts;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries plans out: the only place that writes to the API server. POST, DELETE and merge-patch are all it uses. */
final class Actor {
    private static final Logger LOG = LoggerFactory.getLogger(Actor.class);

    private static final String LEFT = "%s %s/%s of an earlier run of this name must go first: delete it if it stays";
    private static final String TAKEN =
            "%s %s/%s exists and does not belong to this run: delete it, or give the run another name";

    private final KubernetesClient client;
    private final Caches caches;
    private final AccessMemory accesses = new AccessMemory();

    Actor(KubernetesClient client, Caches caches) {
        this.client = client;
        this.caches = caches;
    }

    /**
     * Carries out actions in order.
     *
     * @throws KubernetesClientException the API server refused one; those before it stay done
     * @throws NameTakenException a child's name belongs to something else
     * @throws StaleCacheException the plan was made from caches that are behind
     */
    void act(VLFineTune run, List<Action> actions, Freshness freshness) {
        boolean repeated = false;
        if (actions.stream().anyMatch(Action.CreateJob.class::isInstance)) {
            freshness.confirmListed();
        }
        for (Action action : actions) {
            switch (action) {
                case Action.CreateClaim create -> create(run, create.claim());
                case Action.CreateProgress create -> {
                    Child<VLFineTuneProgress> progress = create(run, create.progress());
                    repeated = progress.existed();
                    remember(caches.progress(), progress.object());
                }
                case Action.EnsureTrainerAccess ensure -> ensure(ensure);
                case Action.CreateJob create -> {
                    if (repeated || JobFacts.of(create.job()).attempt() > 1) {
                        freshness.confirmNext(create.job());
                    }
                    remember(caches.jobs(), create(run, create.job()).object());
                }
                case Action.DeleteJob delete -> {
                    // What the run wants may have changed, as by a resume.
                    freshness.confirmLatest();
                    delete(run, delete, freshness);
                }
                case Action.DeleteProgress delete -> deleteProgress(run, delete);
                case Action.DeleteClaim delete -> deleteClaim(run, delete);
            }
        }
    }

    /** A run of a namespace is gone, and the namespace with what was made in it may be going too. */
    void forget(String namespace) {
        accesses.forget(namespace);
    }

    /**
     * Writes a whole status; returns the run as the server has it then, nothing if it is gone. The version of the run is
     * a precondition: what was planned from an older one must not overwrite what is known since.
     */
    Optional<VLFineTune> report(VLFineTune run, VLFineTuneStatus status) {
        try {
            return Optional.of(client.resource(run)
                    .subresource("status")
                    .patch(
                            PatchContext.of(PatchType.JSON_MERGE),
                            StatusPatch.of(run.getMetadata().getResourceVersion(), status)));
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Tells an event; one that was told before is told already. */
    void tell(Event event) {
        try {
            client.resource(event).create();
        } catch (KubernetesClientException e) {
            if (!exists(e)) {
                throw e;
            }
        }
    }

    private void ensure(Action.EnsureTrainerAccess ensure) {
        if (ensure.again()) {
            make(ensure.access());
        } else if (!accesses.knows(ensure.access())) {
            // Many runs may start at once in a namespace; the first makes it and the others wait for that.
            synchronized (accesses) {
                if (!accesses.knows(ensure.access())) {
                    make(ensure.access());
                }
            }
        }
    }

    private void make(TrainerAccess access) {
        access.objects().forEach(this::createShared);
        accesses.remember(access);
    }

    /** Shared objects may be anybody's: what exists is left as it is, and what may not be made is left to others. */
    private void createShared(HasMetadata shared) {
        try {
            client.resource(shared).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_FORBIDDEN && !namespaceTerminates(e)) {
                LOG.warn(
                        "{} {}/{} must be made by somebody else: {}",
                        shared.getKind(),
                        shared.getMetadata().getNamespace(),
                        shared.getMetadata().getName(),
                        e.getMessage());
            } else if (!exists(e)) {
                throw e;
            }
        }
    }

    private static boolean namespaceTerminates(KubernetesClientException e) {
        return e.getStatus() != null
                && e.getStatus().getDetails() != null
                && e.getStatus().getDetails().getCauses().stream()
                        .anyMatch(cause -> "NamespaceTerminating".equals(cause.getReason()));
    }

    /** A child, and whether it was there before. */
    private record Child<T>(T object, boolean existed) {}

    private <T extends HasMetadata> Child<T> create(VLFineTune run, T child) {
        try {
            return new Child<>(client.resource(child).create(), false);
        } catch (KubernetesClientException e) {
            if (!exists(e)) {
                throw e;
            }
            T existing = client.resource(child).get();
            if (existing == null || !Children.belongsTo(existing, run)) {
                throw new NameTakenException(
                        (existing != null && Children.ofEarlierRun(existing, run) ? LEFT : TAKEN)
                                .formatted(
                                        child.getKind(),
                                        child.getMetadata().getNamespace(),
                                        child.getMetadata().getName()),
                        e);
            }
            return new Child<>(existing, true);
        }
    }

    /** 409 says that it exists already, or, as when a quota is counted at the same time, to try again. */
    private static boolean exists(KubernetesClientException refusal) {
        return refusal.getCode() == HttpURLConnection.HTTP_CONFLICT
                && (refusal.getStatus() == null
                        || !"Conflict".equals(refusal.getStatus().getReason()));
    }

    /** The next reconcile sees what was made even before the watch tells of it. */
    private static <R extends HasMetadata> void remember(InformerEventSource<R, VLFineTune> cache, R created) {
        cache.handleRecentResourceCreate(ResourceID.fromResource(created), created);
    }

    private void deleteProgress(VLFineTune run, Action.DeleteProgress delete) {
        client.resources(VLFineTuneProgress.class)
                .inNamespace(run.getMetadata().getNamespace())
                .withName(delete.name())
                .delete();
    }

    /** Claims are in no cache: this one is looked at, so that nobody else's checkpoints are deleted. */
    private void deleteClaim(VLFineTune run, Action.DeleteClaim delete) {
        Resource<PersistentVolumeClaim> claim = client.persistentVolumeClaims()
                .inNamespace(run.getMetadata().getNamespace())
                .withName(delete.name());
        PersistentVolumeClaim existing = claim.get();
        if (existing != null && Children.belongsTo(existing, run)) {
            claim.delete();
        }
    }

    /** Fabric8's own delete cannot carry a precondition on the uid. */
    private void delete(VLFineTune run, Action.DeleteJob delete, Freshness freshness) {
        String path = "/apis/%s/namespaces/%s/jobs/%s"
                .formatted(
                        HasMetadata.getApiVersion(Job.class), run.getMetadata().getNamespace(), delete.name());
        try {
            client.raw(
                    path,
                    "DELETE",
                    new DeleteOptionsBuilder()
                            .withPropagationPolicy("Foreground")
                            .withNewPreconditions()
                            .withUid(delete.uid())
                            .endPreconditions()
                            .build());
        } catch (KubernetesClientException e) {
            // Gone, or another one by now: either way not ours to delete. A conflict may also be one of writes.
            boolean another = e.getCode() == HttpURLConnection.HTTP_CONFLICT
                    && freshness
                            .job(delete.name())
                            .filter(job -> job.getMetadata().getUid().equals(delete.uid()))
                            .isEmpty();
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND && !another) {
                throw e;
            }
        }
    }
}
