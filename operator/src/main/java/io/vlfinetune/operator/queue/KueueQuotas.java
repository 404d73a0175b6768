package io.vlfinetune.operator.queue;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.javaoperatorsdk.operator.processing.event.Event;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.AbstractEventSource;
import io.javaoperatorsdk.operator.processing.event.source.ResourceEventAware;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Kueue says of the quota of each Job, where there is a Kueue. It may be installed and removed while the operator
 * works; where it is not there, it is looked for only as long as an unfinished run names a queue.
 *
 * <p>It is no informer event source, nor registered dynamically: JOSDK 5.2.3 ends the process when an informer of its own
 * stops with an error, and that is what the end of a resource definition is to an informer; and it keeps a source that did not
 * start registered.
 */
public final class KueueQuotas extends AbstractEventSource<QuotaFacts, VLFineTune>
        implements ResourceEventAware<VLFineTune> {
    /** How often Kueue is looked for while it is missed. */
    private static final Duration PAUSE = Duration.ofSeconds(10);

    private static final Logger LOG = LoggerFactory.getLogger(KueueQuotas.class);
    /** Attempts are Jobs called run-number. */
    private static final Pattern ATTEMPT = Pattern.compile("(.+)-[0-9]+");

    private final KubernetesClient client;
    private final Set<String> namespaces;
    private final Map<String, QuotaFacts> byJob = new ConcurrentHashMap<>();
    private final Set<ResourceID> waiting = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("kueue").daemon().factory());

    private @Nullable Workloads workloads;
    private @Nullable Future<?> search;
    private String obstacle = "";

    /**
     * Looks for nothing yet.
     *
     * @param client may list and watch Workloads, or else nothing is mirrored
     * @param namespaces where runs are looked after; empty: everywhere
     */
    public KueueQuotas(KubernetesClient client, Set<String> namespaces) {
        super(QuotaFacts.class, "kueue");
        this.client = client;
        this.namespaces = Set.copyOf(namespaces);
    }

    /** What Kueue says of a Job; null: nothing. */
    public @Nullable QuotaFacts of(String jobUid) {
        return byJob.get(jobUid);
    }

    /** The first look is waited for: a restarted operator must not take what it has not seen for news. */
    @Override
    public void start() {
        super.start();
        look();
        search = thread.scheduleWithFixedDelay(
                this::lookIfMissed, PAUSE.toMillis(), PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void stop() {
        super.stop();
        if (search != null) {
            search.cancel(true);
        }
        thread.shutdownNow();
        leave();
    }

    @Override
    public Set<QuotaFacts> getSecondaryResources(VLFineTune run) {
        return Set.of();
    }

    @Override
    public void onResourceCreated(VLFineTune run) {
        Phase phase = run.getStatus() == null ? null : run.getStatus().phase();
        if (QueueLabels.queue(run).isPresent() && phase != Phase.Succeeded && phase != Phase.Failed) {
            waiting.add(ResourceID.fromResource(run));
        } else {
            waiting.remove(ResourceID.fromResource(run));
        }
    }

    @Override
    public void onResourceUpdated(VLFineTune run, VLFineTune before) {
        onResourceCreated(run);
    }

    @Override
    public void onResourceDeleted(VLFineTune run) {
        waiting.remove(ResourceID.fromResource(run));
    }

    private void lookIfMissed() {
        try {
            if (!waiting.isEmpty() && !watching()) {
                look();
            }
        } catch (RuntimeException e) {
            // The executor would not call again.
            LOG.error("while Kueue was looked for", e);
        }
    }

    private synchronized boolean watching() {
        return workloads != null && workloads.running();
    }

    /** A Kueue that does not answer must not keep the operator from starting Jobs. */
    private synchronized void look() {
        try {
            Optional<String> version = Workloads.servedVersion(client);
            if (version.isPresent()) {
                leave();
                workloads = Workloads.watch(client, namespaces, version.get(), new Mirror(), this::leave);
                LOG.info("Kueue is there: follows its Workloads ({})", version.get());
                obstacle = "";
            }
        } catch (KubernetesClientException e) {
            String message = String.valueOf(e.getMessage());
            if (!message.equals(obstacle)) {
                LOG.warn("What Kueue says is not mirrored, tried again every {}: {}", PAUSE, message);
            }
            obstacle = message;
        }
    }

    /** What was said is forgotten, and each run keeps in its status what it said last. */
    private synchronized void leave() {
        if (workloads != null) {
            LOG.info("Kueue is no longer there, or its Workloads may no longer be read");
            workloads.close();
            workloads = null;
        }
        byJob.clear();
    }

    private final class Mirror implements ResourceEventHandler<GenericKubernetesResource> {
        @Override
        public void onAdd(GenericKubernetesResource workload) {
            job(workload).ifPresent(job -> take(job, workload));
        }

        @Override
        public void onUpdate(GenericKubernetesResource before, GenericKubernetesResource workload) {
            onAdd(workload);
        }

        @Override
        public void onDelete(GenericKubernetesResource workload, boolean stateUnknown) {
            job(workload).ifPresent(job -> byJob.remove(job.getUid()));
        }

        private void take(OwnerReference job, GenericKubernetesResource workload) {
            QuotaFacts facts = QuotaFacts.of(workload).orElse(null);
            QuotaFacts known = facts == null ? byJob.remove(job.getUid()) : byJob.put(job.getUid(), facts);
            if (facts != null && !facts.saysTheSameAs(known)) {
                wake(job.getName(), workload.getMetadata().getNamespace());
            }
        }

        private void wake(String job, String namespace) {
            Matcher matcher = ATTEMPT.matcher(job);
            if (matcher.matches()) {
                getEventHandler().handleEvent(new Event(new ResourceID(matcher.group(1), namespace)));
            }
        }

        /** Most Workloads of a cluster are not ours, and some stand for no Job at all. */
        private static Optional<OwnerReference> job(GenericKubernetesResource workload) {
            return workload.getMetadata().getOwnerReferences().stream()
                    .filter(owner -> "Job".equals(owner.getKind()) && Boolean.TRUE.equals(owner.getController()))
                    .filter(owner -> ATTEMPT.matcher(owner.getName()).matches())
                    .findFirst();
        }
    }
}
