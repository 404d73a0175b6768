package io.vlfinetune.operator.reconcile;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.retry.Retry;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.operator.conditions.StatusFactory;
import io.vlfinetune.operator.metrics.RunMetrics;
import io.vlfinetune.operator.queue.KueueQuotas;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** One reconcile: observe from the caches, plan, act, report the status if it differs, then tell events. */
public final class VLFineTuneReconciler implements Reconciler<VLFineTune> {
    private static final Logger LOG = LoggerFactory.getLogger(VLFineTuneReconciler.class);

    private final KubernetesClient client;
    private final Planner planner;
    private final Clock clock;
    private final RunMetrics metrics;
    private final StatusMemory memory = new StatusMemory();
    private final Herald herald = new Herald();
    private final AtomicReference<Instant> listed = new AtomicReference<>();
    private @Nullable Actor actor;
    private @Nullable KueueQuotas quotas;

    /** A reconciler that writes with the client, takes the time from the clock, and counts what it wrote. */
    public VLFineTuneReconciler(KubernetesClient client, Planner planner, Clock clock, RunMetrics metrics) {
        this.client = client;
        this.planner = planner;
        this.clock = clock;
        this.metrics = metrics;
    }

    /** How a reconcile that threw is tried again. */
    public static Retry retry(DoubleSupplier random) {
        return new EndlessRetry(random);
    }

    @Override
    public List<EventSource<?, VLFineTune>> prepareEventSources(EventSourceContext<VLFineTune> context) {
        Caches caches = Caches.of(context);
        actor = new Actor(client, caches);
        KueueQuotas kueue = new KueueQuotas(client, namespaces(context));
        quotas = kueue;
        return Stream.concat(caches.all().stream(), Stream.of(kueue)).toList();
    }

    @Override
    public UpdateControl<VLFineTune> reconcile(VLFineTune run, Context<VLFineTune> context) {
        Instant now = clock.instant();
        Freshness freshness = new Freshness(client, run, listed(now));
        Plan plan = plan(run, context, freshness, now);
        VLFineTuneStatus before = Objects.requireNonNullElse(run.getStatus(), VLFineTuneStatus.EMPTY);
        try {
            actor().act(run, plan.actions(), freshness);
        } catch (KubernetesClientException | NameTakenException e) {
            refused(run, before, e, freshness, now);
            throw e;
        }
        report(run, before, plan.status(), freshness, now);
        UpdateControl<VLFineTune> control = UpdateControl.noUpdate();
        return plan.requeueAfter() == null ? control : control.rescheduleAfter(plan.requeueAfter());
    }

    /** The caches are filled: what is made from now on comes by a watch. Returns when that was said first. */
    public Instant listed(Instant now) {
        return Objects.requireNonNullElse(listed.compareAndExchange(null, now), now);
    }

    /** The cache of runs was told of a run as it is now; says whether a reconcile waits for just that. */
    public boolean seen(VLFineTune run, VLFineTune before) {
        return memory.seen(run, before);
    }

    /** A run is gone: nothing is known any more of what had its name. */
    public void gone(ResourceID run) {
        memory.forget(run);
        herald.forget(run);
        actor().forget(run.getNamespace().orElse(""));
    }

    private Plan plan(VLFineTune run, Context<VLFineTune> context, Freshness freshness, Instant now) {
        if (memory.knowsAnother(run)) {
            gone(ResourceID.fromResource(run));
        }
        memory.refresh(run);
        Observed observed = Observed.of(
                run,
                context.getSecondaryResources(Job.class),
                context.getSecondaryResources(Pod.class),
                context.getSecondaryResources(VLFineTuneProgress.class),
                quotas()::of,
                memory.written(run).orElse(null));
        freshness.confirm(Objects.requireNonNullElse(run.getStatus(), VLFineTuneStatus.EMPTY), observed);
        return planner.plan(run, observed, now);
    }

    private void report(
            VLFineTune run, VLFineTuneStatus before, VLFineTuneStatus next, Freshness freshness, Instant now) {
        ResourceID id = ResourceID.fromResource(run);
        if (next.equals(before)) {
            herald.tellKept(actor(), id);
            return;
        }
        List<Event> events = RunEvents.between(run, before, next, now);
        if (!events.isEmpty()) {
            // The status of a list that is behind would only be refused; events that follow from it would be told.
            freshness.confirmListed();
        }
        herald.tell(actor(), id, events);
        Optional<VLFineTune> written = actor().report(run, next);
        if (written.isEmpty()) {
            return;
        }
        memory.remember(written.get(), next, now);
        metrics.written(run, before, next, now);
        MDC.put("attempt", Objects.requireNonNullElse(next.attempt(), 0).toString());
        LOG.info(
                "{}/{}: {} -> {}, attempt {}",
                run.getMetadata().getNamespace(),
                run.getMetadata().getName(),
                before.phase(),
                next.phase(),
                next.attempt());
        herald.tellKept(actor(), id);
    }

    /** What the API server refuses, a user must be able to read; it is tried again with growing pauses. */
    private void refused(
            VLFineTune run, VLFineTuneStatus before, RuntimeException refusal, Freshness freshness, Instant now) {
        String message = Objects.requireNonNullElse(refusal.getMessage(), "the API server refused");
        VLFineTuneStatus next = StatusFactory.refused(
                before, message, Objects.requireNonNullElse(run.getMetadata().getGeneration(), 0L), now);
        report(run, before, next, freshness, now);
    }

    private static Set<String> namespaces(EventSourceContext<VLFineTune> context) {
        var configuration = context.getControllerConfiguration();
        return configuration.getInformerConfig().watchAllNamespaces()
                ? Set.of()
                : configuration.getEffectiveNamespaces();
    }

    private KueueQuotas quotas() {
        return Objects.requireNonNull(quotas, "event sources are prepared before the first reconcile");
    }

    private Actor actor() {
        return Objects.requireNonNull(actor, "event sources are prepared before the first reconcile");
    }
}
