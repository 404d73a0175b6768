package io.vlfinetune.operator.attempt;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicy;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicyBuilder;
import io.vlfinetune.api.ResourcesSpec;
import io.vlfinetune.api.SchedulingSpec;
import io.vlfinetune.api.TolerationSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.queue.QueueLabels;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The Job of an attempt. It is made once and never changed.
 *
 * <p>Indexed, since pods of an Indexed Job are called {@code <job>-0-xxxxx}, which is how a pod's token is tied to its
 * own progress object. {@code podReplacementPolicy: Failed}, so that two trainers never share a scratch volume.
 */
public final class AttemptJob {
    private static final long USER = 65532;
    /** Port and variable by which a trainer serves its metrics, on all addresses of its pod. */
    private static final int METRICS_PORT = 9400;

    private static final String METRICS_ADDRESS = "VLFINETUNE_METRICS_ADDRESS";
    private static final List<String> ARGUMENTS = List.of(
            "train",
            "--config",
            "/etc/vlfinetune/run.json",
            "--root",
            AttemptVolumes.ROOT,
            "--termination-log",
            "/dev/termination-log");

    private AttemptJob() {}

    /**
     * Builds it.
     *
     * @param run the run
     * @param attempt number of the attempt
     * @param firstAttempt number of the first attempt of its series
     * @param grace from SIGTERM to SIGKILL
     * @param configuration image, service account and the API server that trainers report to
     */
    public static Job of(
            VLFineTune run, int attempt, int firstAttempt, Duration grace, OperatorConfiguration configuration) {
        Map<String, String> labels = Children.labels(run, attempt);
        return new JobBuilder()
                .withMetadata(Children.metadata(run, Children.attemptName(run, attempt), labels))
                .editMetadata()
                .addToLabels(QueueLabels.of(run))
                .addToAnnotations(Children.FIRST_ATTEMPT, Integer.toString(firstAttempt))
                .addToAnnotations(MadeFrom.of(run).annotations())
                .endMetadata()
                .withNewSpec()
                .withCompletionMode("Indexed")
                .withCompletions(1)
                .withParallelism(1)
                .withBackoffLimit(0)
                .withPodReplacementPolicy("Failed")
                .withPodFailurePolicy(failurePolicy())
                .withNewTemplate()
                .withNewMetadata()
                .withLabels(run.getSpec().scheduling().podLabels())
                .addToLabels(labels)
                .withAnnotations(run.getSpec().scheduling().podAnnotations())
                .addToAnnotations(Children.RUN_JSON, RunJson.of(run, attempt, configuration))
                .endMetadata()
                .withSpec(podSpec(run, firstAttempt, grace, configuration))
                .endTemplate()
                .endSpec()
                .build();
    }

    /** Disruptions are no failures; an exit code that would come again ends the Job at once. */
    private static PodFailurePolicy failurePolicy() {
        Integer[] permanent = Arrays.stream(Reason.values())
                .filter(reason -> reason.retry() == Reason.Retry.Never)
                .flatMapToInt(reason -> reason.exitCode().stream())
                .boxed()
                .toArray(Integer[]::new);
        return new PodFailurePolicyBuilder()
                .addNewRule()
                .withAction("Ignore")
                .addNewOnPodCondition("True", "DisruptionTarget")
                .endRule()
                .addNewRule()
                .withAction("FailJob")
                .withNewOnExitCodes()
                .withContainerName(PodFacts.TRAINER)
                .withOperator("In")
                .withValues(permanent)
                .endOnExitCodes()
                .endRule()
                .build();
    }

    private static PodSpec podSpec(
            VLFineTune run, int firstAttempt, Duration grace, OperatorConfiguration configuration) {
        SchedulingSpec scheduling = run.getSpec().scheduling();
        String account =
                Optional.ofNullable(scheduling.serviceAccountName()).orElse(configuration.trainerServiceAccount());
        AttemptVolumes volumes = AttemptVolumes.of(run, firstAttempt, configuration.trainerServiceAccount() != null);
        String image = Optional.ofNullable(scheduling.image()).orElse(configuration.trainerImage());
        return new PodSpecBuilder()
                .withRestartPolicy("Never")
                .withAutomountServiceAccountToken(false)
                .withEnableServiceLinks(false)
                .withServiceAccountName(account)
                .withTerminationGracePeriodSeconds(grace.toSeconds())
                .withNodeSelector(scheduling.nodeSelector().isEmpty() ? null : scheduling.nodeSelector())
                .withTolerations(scheduling.tolerations().stream()
                        .map(AttemptJob::toleration)
                        .toList())
                .withPriorityClassName(scheduling.priorityClassName())
                .withNewSecurityContext()
                .withRunAsNonRoot(true)
                .withRunAsUser(USER)
                .withRunAsGroup(USER)
                .withFsGroup(USER)
                .withFsGroupChangePolicy("OnRootMismatch")
                .withNewSeccompProfile()
                .withType("RuntimeDefault")
                .endSeccompProfile()
                .endSecurityContext()
                .withVolumes(volumes.volumes())
                .withContainers(trainer(run, image, volumes))
                .build();
    }

    private static Toleration toleration(TolerationSpec spec) {
        return new TolerationBuilder()
                .withKey(spec.key())
                .withOperator(spec.operator() == null ? null : spec.operator().name())
                .withValue(spec.value())
                .withEffect(spec.effect() == null ? null : spec.effect().name())
                .withTolerationSeconds(spec.tolerationSeconds())
                .build();
    }

    private static Container trainer(VLFineTune run, String image, AttemptVolumes volumes) {
        ContainerBuilder container = new ContainerBuilder()
                .withName(PodFacts.TRAINER)
                .withImage(image)
                .withArgs(ARGUMENTS)
                // Threads that wait must not spin: several trainers may share a node.
                .addNewEnv()
                .withName("OMP_WAIT_POLICY")
                .withValue("PASSIVE")
                .endEnv()
                .addNewEnv()
                .withName(METRICS_ADDRESS)
                .withValue("0.0.0.0:" + METRICS_PORT)
                .endEnv()
                .addNewPort()
                .withName("metrics")
                .withContainerPort(METRICS_PORT)
                .endPort()
                .withTerminationMessagePath("/dev/termination-log")
                .withTerminationMessagePolicy("FallbackToLogsOnError")
                .withResources(requirements(
                        run.getSpec().resources(), run.getSpec().lifecycle().planOnly()))
                .withVolumeMounts(volumes.mounts())
                .withNewSecurityContext()
                .withAllowPrivilegeEscalation(false)
                .withReadOnlyRootFilesystem(true)
                .withNewCapabilities()
                .withDrop("ALL")
                .endCapabilities()
                .endSecurityContext();
        String cpu = run.getSpec().resources().cpu();
        return (cpu == null ? container : threads(container, Quantity.parse(cpu))).build();
    }

    /** A process sees all processors of its node: a request is no limit. Other threads would be other last bits too. */
    private static ContainerBuilder threads(ContainerBuilder container, Quantity cpu) {
        int cores = cpu.getNumericalAmount().intValue();
        return container
                .addNewEnv()
                .withName("OMP_NUM_THREADS")
                .withValue(Integer.toString(Math.max(1, cores)))
                .endEnv();
    }

    /** Whoever asks for the plan alone waits for no GPU. */
    private static ResourceRequirements requirements(ResourcesSpec resources, boolean planOnly) {
        Map<String, Quantity> requests = new LinkedHashMap<>();
        Map<String, Quantity> limits = new LinkedHashMap<>();
        if (resources.cpu() != null) {
            requests.put("cpu", Quantity.parse(resources.cpu()));
        }
        if (resources.memory() != null) {
            requests.put("memory", Quantity.parse(resources.memory()));
            limits.put("memory", Quantity.parse(resources.memory()));
        }
        if (!planOnly && resources.gpus() != null && resources.gpus() > 0) {
            limits.put(resources.gpuResource(), Quantity.parse(resources.gpus().toString()));
        }
        return new ResourceRequirementsBuilder()
                .withRequests(requests)
                .withLimits(limits)
                .build();
    }
}
