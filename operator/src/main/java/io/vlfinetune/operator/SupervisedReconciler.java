package io.vlfinetune.operator;

import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.metrics.OperatorMetrics;
import io.vlfinetune.operator.reconcile.VLFineTuneReconciler;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.slf4j.MDC;

/**
 * What is the same around every reconcile: the attempt in the log, no work once the operator is stopping.
 *
 * <p>The SDK empties its caches when it stops, while reconciles go on: one that went on then would find no children and
 * make new ones. So the running ones are waited for first.
 */
@ControllerConfiguration(name = "vlfinetune")
final class SupervisedReconciler implements Reconciler<VLFineTune> {
    /** Key of the log context beside the SDK's own {@code resource.namespace}, {@code .name} and {@code .generation}. */
    private static final String ATTEMPT = "attempt";

    private final VLFineTuneReconciler reconciler;
    private final OperatorMetrics metrics;
    private final Drain drain = new Drain();

    SupervisedReconciler(VLFineTuneReconciler reconciler, OperatorMetrics metrics) {
        this.reconciler = reconciler;
        this.metrics = metrics;
    }

    @Override
    public List<EventSource<?, VLFineTune>> prepareEventSources(EventSourceContext<VLFineTune> context) {
        metrics.runsFrom(() -> context.getPrimaryCache().list(Watched::byThisOperator));
        return reconciler.prepareEventSources(context);
    }

    @Override
    public UpdateControl<VLFineTune> reconcile(VLFineTune run, Context<VLFineTune> context) {
        if (!drain.enter()) {
            return UpdateControl.noUpdate();
        }
        try (MDC.MDCCloseable _ = attempt(run)) {
            return reconciler.reconcile(run, context);
        } finally {
            drain.leave();
        }
    }

    /** The caches are filled. */
    void started(Instant now) {
        reconciler.listed(now);
    }

    /** Whether a change of a run, which its cache has just taken in, may change what is to be done. */
    boolean changed(VLFineTune next, VLFineTune old) {
        boolean waitedFor = reconciler.seen(next, old);
        return waitedFor || Watched.matters(next, old);
    }

    /** What is told of runs that are gone. */
    Departures departures() {
        return new Departures(reconciler::gone);
    }

    /** Begins no further reconcile and waits for those at work; returns how many were still at work afterwards. */
    int stop(Duration patience) {
        return drain.close(patience);
    }

    private static MDC.MDCCloseable attempt(VLFineTune run) {
        VLFineTuneStatus status = Objects.requireNonNullElse(run.getStatus(), VLFineTuneStatus.EMPTY);
        return MDC.putCloseable(
                ATTEMPT, Objects.requireNonNullElse(status.attempt(), 0).toString());
    }
}
