package io.vlfinetune.operator.reconcile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.attempt.Children;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.PodFacts;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;

/**
 * The caches of a run's children. A change wakes the run only if it changes what a plan is made from.
 *
 * @param jobs Jobs of all runs
 * @param pods pods of all runs
 * @param progress progress objects of all runs
 */
record Caches(
        InformerEventSource<Job, VLFineTune> jobs,
        InformerEventSource<Pod, VLFineTune> pods,
        InformerEventSource<VLFineTuneProgress, VLFineTune> progress) {
    static Caches of(EventSourceContext<VLFineTune> context) {
        return new Caches(
                cache(Job.class, context, (next, old) -> !JobFacts.of(next).equals(JobFacts.of(old))),
                cache(Pod.class, context, (next, old) -> !PodFacts.of(next).equals(PodFacts.of(old))),
                cache(
                        VLFineTuneProgress.class,
                        context,
                        (next, old) -> !Objects.equals(next.getReport(), old.getReport())));
    }

    List<EventSource<?, VLFineTune>> all() {
        return List.of(jobs, pods, progress);
    }

    private static <R extends HasMetadata> InformerEventSource<R, VLFineTune> cache(
            Class<R> kind, EventSourceContext<VLFineTune> context, BiPredicate<R, R> matters) {
        InformerEventSourceConfiguration<R> configuration = InformerEventSourceConfiguration.from(
                        kind, VLFineTune.class)
                .withLabelSelector(Children.MANAGED_BY + "=" + Children.OPERATOR)
                .withNamespacesInheritedFromController()
                .withInformerListLimit(OperatorConfiguration.LIST_LIMIT)
                .withSecondaryToPrimaryMapper(Caches::run)
                .withOnUpdateFilter(matters::test)
                .build();
        return new InformerEventSource<>(configuration, context);
    }

    private static Set<ResourceID> run(HasMetadata child) {
        return Optional.ofNullable(child.getMetadata().getLabels())
                .map((Map<String, String> labels) -> labels.get(Children.RUN))
                .map(name -> Set.of(new ResourceID(name, child.getMetadata().getNamespace())))
                .orElse(Set.of());
    }
}
