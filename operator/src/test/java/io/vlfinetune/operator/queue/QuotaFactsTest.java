package io.vlfinetune.operator.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Conditions as Kueue 0.15.2 writes them. */
class QuotaFactsTest {
    private static final Map<String, Object> PENDING = condition(
            "QuotaReserved",
            "False",
            "Pending",
            "couldn't assign flavors to pod set main: insufficient unused quota for cpu in flavor any, 2 more needed");
    private static final Map<String, Object> RESERVED =
            condition("QuotaReserved", "True", "QuotaReserved", "Quota reserved in ClusterQueue team");
    private static final Map<String, Object> ADMITTED =
            condition("Admitted", "True", "Admitted", "The workload is admitted");

    @Test
    void aWorkloadThatKueueHasNotLookedAtSaysNothing() {
        assertThat(QuotaFacts.of(new GenericKubernetesResource())).isEmpty();
        assertThat(QuotaFacts.of(workload(List.of()))).isEmpty();
    }

    @Test
    void aWaitingWorkloadSaysWhy() {
        assertThat(QuotaFacts.of(workload(List.of(PENDING))))
                .contains(
                        new QuotaFacts(
                                false,
                                false,
                                "Pending",
                                "couldn't assign flavors to pod set main: insufficient unused quota for cpu in flavor any, 2 more needed"));
    }

    @Test
    void quotaMayBeReservedBeforeAllChecksHavePassed() {
        assertThat(QuotaFacts.of(workload(List.of(RESERVED))))
                .contains(new QuotaFacts(true, false, "QuotaReserved", "Quota reserved in ClusterQueue team"));
        assertThat(QuotaFacts.of(workload(List.of(RESERVED, ADMITTED))))
                .contains(new QuotaFacts(true, true, "QuotaReserved", "Quota reserved in ClusterQueue team"));
    }

    @Test
    void anEvictedWorkloadHasLostItsQuotaEvenWhileItsPodsStop() {
        Map<String, Object> evicted = condition("Evicted", "True", "Preempted", "Preempted to accommodate a workload");

        assertThat(QuotaFacts.of(workload(List.of(RESERVED, ADMITTED, evicted))))
                .contains(new QuotaFacts(false, false, "Preempted", "Preempted to accommodate a workload"));
        assertThat(QuotaFacts.of(workload(List.of(PENDING, evicted)))
                        .orElseThrow()
                        .reason())
                .as("once the quota is given back, why it is not given again")
                .isEqualTo("Pending");
    }

    @Test
    void anEvictionOfThePastSaysNothing() {
        Map<String, Object> evicted = condition("Evicted", "False", "QuotaReserved", "Previously: Preempted");

        assertThat(QuotaFacts.of(workload(List.of(RESERVED, ADMITTED, evicted)))
                        .orElseThrow()
                        .reserved())
                .isTrue();
    }

    @Test
    void aMessageWithoutEndIsCut() {
        Map<String, Object> endless = condition("QuotaReserved", "False", "Pending", "x".repeat(30_000));

        assertThat(QuotaFacts.of(workload(List.of(endless))).orElseThrow().message())
                .hasSize(1024)
                .endsWith("x…");
    }

    private static Map<String, Object> condition(String type, String status, String reason, String message) {
        return Map.of("type", type, "status", status, "reason", reason, "message", message);
    }

    private static GenericKubernetesResource workload(List<Map<String, Object>> conditions) {
        GenericKubernetesResource workload = new GenericKubernetesResource();
        workload.setAdditionalProperty("status", Map.of("conditions", new ArrayList<>(conditions)));
        return workload;
    }
}
