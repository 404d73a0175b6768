package io.vlfinetune.operator.leadership;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.vlfinetune.operator.attempt.Times;
import java.time.Instant;

/** The event at the Lease that names a new leader, in the words of Kubernetes' own controllers. */
final class LeaderEvent {
    private LeaderEvent() {}

    static Event of(LeaderElection election) {
        String now = Times.format(Instant.now());
        return new EventBuilder()
                .withNewMetadata()
                .withGenerateName(election.lease() + ".")
                .withNamespace(election.namespace())
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion("coordination.k8s.io/v1")
                .withKind("Lease")
                .withName(election.lease())
                .withNamespace(election.namespace())
                .endInvolvedObject()
                .withType("Normal")
                .withReason("LeaderElection")
                .withMessage(election.identity() + " became leader")
                .withFirstTimestamp(now)
                .withLastTimestamp(now)
                .withCount(1)
                .withNewSource()
                .withComponent("vlfinetune-operator")
                .endSource()
                .withReportingComponent("vlfinetune.io/operator")
                .withReportingInstance(election.identity())
                .build();
    }
}
