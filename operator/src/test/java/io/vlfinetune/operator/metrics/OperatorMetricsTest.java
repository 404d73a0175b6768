package io.vlfinetune.operator.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.conditions.Conditions;
import io.vlfinetune.operator.conditions.StatusDraft;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OperatorMetricsTest {
    private static final Instant CREATED = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant NOW = CREATED.plusSeconds(40);

    private final OperatorMetrics metrics = new OperatorMetrics();
    private final VLFineTune run = Samples.run(Samples.spec());

    @AfterEach
    void close() {
        metrics.close();
    }

    @Test
    void givenNoRunThenEveryPhaseIsThereAtZero() {
        for (Phase phase : Phase.values()) {
            assertThat(value("vlfinetune_runs{phase=\"" + phase + "\"}")).isZero();
        }
    }

    @Test
    void givenRunsThenTheyAreCountedByPhaseAndANewOneIsPending() {
        VLFineTune running = Samples.run(Samples.spec());
        running.setStatus(running(null));
        VLFineTune silent = Samples.run(Samples.spec());
        silent.setStatus(running("NoHeartbeat"));
        metrics.runsFrom(() -> Stream.of(run, running, silent));

        assertThat(value("vlfinetune_runs{phase=\"Pending\"}")).isEqualTo(1);
        assertThat(value("vlfinetune_runs{phase=\"Running\"}")).isEqualTo(2);
        assertThat(value("vlfinetune_runs_without_heartbeat")).isEqualTo(1);
    }

    @Test
    void givenTheFirstReportThenTransitionAndTimeToStartAreCountedOnce() {
        run.getMetadata().setCreationTimestamp(CREATED.toString());
        VLFineTuneStatus starting = starting();
        metrics.runs().written(run, VLFineTuneStatus.EMPTY, starting, CREATED);
        metrics.runs().written(run, starting, running(null), NOW);
        metrics.runs().written(run, running(null), running(null), NOW);

        assertThat(value("vlfinetune_run_transitions_total{from=\"New\",reason=\"Starting\",to=\"Starting\"}"))
                .isEqualTo(1);
        assertThat(value("vlfinetune_run_transitions_total{from=\"Starting\",reason=\"Started\",to=\"Running\"}"))
                .isEqualTo(1);
        assertThat(value("vlfinetune_run_time_to_start_seconds_count")).isEqualTo(1);
        assertThat(value("vlfinetune_run_time_to_start_seconds_sum")).isEqualTo(40);
        assertThat(value("vlfinetune_run_time_to_start_seconds_bucket{le=\"30.0\"}"))
                .isZero();
        assertThat(value("vlfinetune_run_time_to_start_seconds_bucket{le=\"60.0\"}"))
                .isEqualTo(1);
    }

    @Test
    void givenEndsAndPreemptionsThenEachIsCountedOnceWithAReasonOfOurs() {
        VLFineTuneStatus first = attempts(0, new AttemptStatus(1, "s", "e", "OutOfMemory", null, null));
        VLFineTuneStatus second = attempts(
                2,
                new AttemptStatus(1, "s", "e", "OutOfMemory", null, null),
                new AttemptStatus(2, "s", "e", "SomethingOfKueue", null, null));
        metrics.runs().written(run, VLFineTuneStatus.EMPTY, first, NOW);
        metrics.runs().written(run, first, second, NOW);
        metrics.runs().written(run, second, second, NOW);

        assertThat(value("vlfinetune_attempts_total{outcome=\"OutOfMemory\"}")).isEqualTo(1);
        assertThat(value("vlfinetune_attempts_total{outcome=\"Preempted\"}")).isEqualTo(2);
        assertThat(value("vlfinetune_attempts_total{outcome=\"Other\"}")).isEqualTo(1);
        assertThat(metrics.scrape()).doesNotContain("Kueue");
    }

    @Test
    void givenReconcilesThenThoseThatWaitAndThoseAtWorkAreToldApartAndTimed() throws Exception {
        Metrics reconciles = metrics.reconciles();
        reconciles.reconcileCustomResource(run, null, Map.of());
        reconciles.reconcileCustomResource(run, null, Map.of());
        AtomicReference<String> during = new AtomicReference<>("");

        String result = reconciles.timeControllerExecution(execution(() -> {
            during.set(metrics.scrape());
            return "done";
        }));
        reconciles.reconciliationExecutionFinished(run, Map.of());

        assertThat(result).isEqualTo("done");
        assertThat(during.get())
                .contains("vlfinetune_reconcile_queue 1.0")
                .contains("vlfinetune_reconcile_running 1.0");
        assertThat(value("vlfinetune_reconcile_queue")).isEqualTo(1);
        assertThat(value("vlfinetune_reconcile_running")).isZero();
        assertThat(value("vlfinetune_reconcile_duration_seconds_count")).isEqualTo(1);
    }

    @Test
    void givenAReconcileThatThrowsThenItIsTimedAndItsFailureIsCounted() {
        Metrics reconciles = metrics.reconciles();
        IllegalStateException problem = new IllegalStateException("broken");

        assertThatThrownBy(() -> reconciles.timeControllerExecution(execution(() -> {
                    throw problem;
                })))
                .isSameAs(problem);
        reconciles.failedReconciliation(run, problem, Map.of());

        assertThat(value("vlfinetune_reconcile_duration_seconds_count")).isEqualTo(1);
        assertThat(value("vlfinetune_reconcile_failures_total")).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, https://a/api/v1/pods, list",
        "GET, https://a/api/v1/namespaces/team/pods?labelSelector=a, list",
        "GET, https://a/api/v1/namespaces/team/pods/digits, get",
        "GET, https://a/apis/batch/v1/jobs, list",
        "GET, https://a/apis/batch/v1/jobs?watch=true&resourceVersion=3, watch",
        "GET, https://a/apis/vlfinetune.io/v1alpha1/namespaces/team/vlfinetunes/digits, get",
        "GET, https://a/version, get",
        "POST, https://a/apis/batch/v1/namespaces/team/jobs, create",
        "PUT, https://a/apis/coordination.k8s.io/v1/namespaces/n/leases/l, update",
        "PATCH, https://a/x, patch",
        "DELETE, https://a/x, delete",
        "OPTIONS, https://a/x, other"
    })
    void aRequestHasTheVerbThatARoleWouldName(String method, URI uri, String verb) {
        assertThat(RequestMetrics.verb(method, uri)).isEqualTo(verb);
    }

    @Test
    void noLabelHasTheNameOfARun() {
        run.getMetadata().setCreationTimestamp(CREATED.toString());
        metrics.runsFrom(() -> Stream.of(run));
        metrics.runs().written(run, VLFineTuneStatus.EMPTY, starting(), NOW);

        assertThat(metrics.scrape())
                .doesNotContain(run.getMetadata().getName())
                .doesNotContain(run.getMetadata().getNamespace());
    }

    @Test
    void jvmAndProcessAreMeasured() {
        assertThat(value("process_resident_memory_bytes")).isGreaterThan(1e7);
        assertThat(metrics.scrape())
                .contains("jvm_memory_used_bytes", "jvm_threads_live_threads", "process_cpu_usage", "process_uptime");
    }

    @Test
    void leadingIsOneAndStandingByZero() {
        assertThat(value("vlfinetune_leader")).isZero();
        metrics.leadsIf(() -> true);
        assertThat(value("vlfinetune_leader")).isEqualTo(1);
    }

    private double value(String series) {
        List<String> lines = metrics.scrape()
                .lines()
                .filter(line -> line.startsWith(series + " "))
                .toList();
        assertThat(lines).as("%s in %s", series, metrics.scrape()).hasSize(1);
        return Double.parseDouble(lines.getFirst().substring(series.length() + 1));
    }

    private interface Work {
        String run() throws Exception;
    }

    private Metrics.ControllerExecution<String> execution(Work work) {
        return new Metrics.ControllerExecution<>() {
            @Override
            public String name() {
                return "reconcile";
            }

            @Override
            public String controllerName() {
                return "vlfinetune";
            }

            @Override
            public String successTypeName(String result) {
                return result;
            }

            @Override
            public ResourceID resourceID() {
                return ResourceID.fromResource(run);
            }

            @Override
            public Map<String, Object> metadata() {
                return Map.of();
            }

            @Override
            public String execute() throws Exception {
                return work.run();
            }
        };
    }

    private static VLFineTuneStatus attempts(int preemptions, AttemptStatus... attempts) {
        return StatusDraft.of(VLFineTuneStatus.EMPTY)
                .attempts(attempts.length, List.of(attempts))
                .preemptions(preemptions)
                .status();
    }

    private static VLFineTuneStatus starting() {
        return StatusDraft.of(VLFineTuneStatus.EMPTY)
                .attempts(1, List.of())
                .conditions(
                        1L,
                        new Conditions(List.of(), 1, NOW)
                                .set(ConditionType.Ready, false, "Starting", "")
                                .set(ConditionType.Running, false, "Starting", "")
                                .list())
                .status();
    }

    private static VLFineTuneStatus running(String lost) {
        return StatusDraft.of(VLFineTuneStatus.EMPTY)
                .attempts(1, List.of())
                .conditions(
                        1L,
                        new Conditions(List.of(), 1, NOW)
                                .set(ConditionType.Running, true, "Started", "")
                                .set(ConditionType.Progressing, lost == null, lost == null ? "Training" : lost, "")
                                .list())
                .status();
    }
}
