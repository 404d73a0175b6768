package io.vlfinetune.operator.attempt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.vlfinetune.api.LifecycleSpec;
import io.vlfinetune.api.ModelSpec;
import io.vlfinetune.api.OutputSpec;
import io.vlfinetune.api.ResourcesSpec;
import io.vlfinetune.api.SchedulingSpec;
import io.vlfinetune.api.ScratchSpec;
import io.vlfinetune.api.TolerationSpec;
import io.vlfinetune.api.TolerationSpec.Effect;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.RunConfiguration;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.Samples;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The Job of an attempt. */
class AttemptJobTest {
    private final VLFineTune run = Samples.run(Samples.spec());
    private final Job job = AttemptJob.of(run, 2, 1, StopGrace.USUAL, Samples.CONFIGURATION);
    private final PodSpec pod = job.getSpec().getTemplate().getSpec();
    private final Container trainer = pod.getContainers().getFirst();

    @Test
    void isIndexedAndTriedOnceAndFailsAtOnceOnPermanentExitCodes() {
        assertThat(job.getMetadata().getName()).isEqualTo("digits-2");
        assertThat(job.getSpec().getCompletionMode()).isEqualTo("Indexed");
        assertThat(job.getSpec().getBackoffLimit()).isZero();
        assertThat(job.getSpec().getPodReplacementPolicy()).isEqualTo("Failed");
        assertThat(job.getSpec().getPodFailurePolicy().getRules())
                .extracting(rule -> rule.getAction())
                .containsExactly("Ignore", "FailJob");
        assertThat(job.getSpec()
                        .getPodFailurePolicy()
                        .getRules()
                        .getLast()
                        .getOnExitCodes()
                        .getValues())
                .containsExactly(10, 11, 12, 13, 14, 15, 16);
        assertThat(pod.getRestartPolicy()).isEqualTo("Never");
    }

    @Test
    void belongsToItsRunAndCarriesTheLabelsByWhichItIsFound() {
        assertThat(Children.belongsTo(job, run)).isTrue();
        assertThat(job.getMetadata().getOwnerReferences().getFirst().getController())
                .isTrue();
        assertThat(job.getMetadata().getLabels())
                .containsEntry("vlfinetune.io/run", "digits")
                .containsEntry("vlfinetune.io/attempt", "2")
                .containsEntry("app.kubernetes.io/managed-by", "vlfinetune-operator");
        assertThat(job.getSpec().getTemplate().getMetadata().getLabels())
                .isEqualTo(job.getMetadata().getLabels());
    }

    @Test
    void carriesRunJsonInAnAnnotationProjectedAsAFile() throws Exception {
        String text = job.getSpec().getTemplate().getMetadata().getAnnotations().get("vlfinetune.io/run.json");
        RunConfiguration configuration = Json.strict().readValue(text, RunConfiguration.class);

        assertThat(configuration.attempt()).isEqualTo(2);
        assertThat(configuration.model()).isEqualTo(run.getSpec().model());
        assertThat(configuration.freeze()).isEqualTo(run.getSpec().freeze());
        assertThat(configuration.mounts()).isEqualTo(Map.of("datasets", "claims/datasets", "models", "claims/models"));
        assertThat(configuration.progressUrl())
                .isEqualTo(
                        "https://api.example:6443/apis/vlfinetune.io/v1alpha1/namespaces/team/vlfinetuneprogresses/digits-2");
        assertThat(volume("run")
                        .getDownwardAPI()
                        .getItems()
                        .getFirst()
                        .getFieldRef()
                        .getFieldPath())
                .isEqualTo("metadata.annotations['vlfinetune.io/run.json']");
        assertThat(mount("run").getMountPath()).isEqualTo("/etc/vlfinetune");
        assertThat(trainer.getArgs())
                .containsExactly(
                        "train",
                        "--config",
                        "/etc/vlfinetune/run.json",
                        "--root",
                        "/var/lib/vlfinetune",
                        "--termination-log",
                        "/dev/termination-log");
    }

    @Test
    void mountsEachClaimOnceAndReadOnlyUnlessItIsTheOutputs() {
        assertThat(pod.getVolumes())
                .filteredOn(volume -> volume.getName().startsWith("claim-"))
                .hasSize(2);
        assertThat(trainer.getVolumeMounts())
                .filteredOn(mount -> mount.getMountPath().equals("/var/lib/vlfinetune/claims/datasets"))
                .singleElement()
                .satisfies(mount -> assertThat(mount.getReadOnly()).isTrue());
        assertThat(trainer.getVolumeMounts())
                .filteredOn(mount -> mount.getMountPath().equals("/var/lib/vlfinetune/claims/models"))
                .singleElement()
                .satisfies(mount -> assertThat(mount.getReadOnly()).isNull());
    }

    @Test
    void keepsScratchApartByRunAndSeriesOnAClaimAndOnAnEmptyFolderOtherwise() {
        assertThat(volume("scratch").getPersistentVolumeClaim().getClaimName()).isEqualTo("digits-scratch");
        assertThat(mount("scratch").getSubPath()).isEqualTo("digits/1");
        assertThat(ScratchClaim.of(run).orElseThrow().getSpec().getAccessModes())
                .containsExactly("ReadWriteOnce");

        VLFineTune shared = Samples.run(Samples.spec("pvc://m/b", new ScratchSpec(null, null, "shared"), 3));
        assertThat(ScratchClaim.of(shared)).isEmpty();
        assertThat(AttemptJob.of(shared, 1, 1, StopGrace.USUAL, Samples.CONFIGURATION)
                        .getSpec()
                        .getTemplate()
                        .getSpec()
                        .getVolumes())
                .anySatisfy(volume -> assertThat(volume.getPersistentVolumeClaim())
                        .isNotNull()
                        .satisfies(claim -> assertThat(claim.getClaimName()).isEqualTo("shared")));

        VLFineTune ephemeral = Samples.run(Samples.spec("pvc://m/b", null, 3));
        assertThat(AttemptJob.of(ephemeral, 1, 1, StopGrace.USUAL, Samples.CONFIGURATION)
                        .getSpec()
                        .getTemplate()
                        .getSpec()
                        .getVolumes())
                .filteredOn(volume -> volume.getName().equals("scratch"))
                .singleElement()
                .satisfies(volume -> assertThat(volume.getEmptyDir()).isNotNull());
    }

    @Test
    void meetsTheRestrictedPodSecurityStandardAndAsksForWhatTheSpecSays() {
        assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
        assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
        assertThat(trainer.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
        assertThat(trainer.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
        assertThat(trainer.getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
        assertThat(pod.getAutomountServiceAccountToken()).isFalse();
        assertThat(trainer.getResources().getLimits()).containsOnlyKeys("memory", "nvidia.com/gpu");
        assertThat(trainer.getResources().getRequests()).containsOnlyKeys("cpu", "memory");
        assertThat(pod.getNodeSelector()).isEqualTo(Map.of("pool", "gpu"));
        assertThat(pod.getPriorityClassName()).isEqualTo("high");
    }

    @Test
    void givenPlanOnlyThenNoGpuIsAskedFor() {
        Container container =
                trainer(run.getSpec().resources(), new LifecycleSpec(null, true, 3, null, null, null, null, null));

        assertThat(container.getResources().getLimits()).containsOnlyKeys("memory");
    }

    @ParameterizedTest
    @CsvSource({"8,8", "1500m,1", "500m,1", "2.9,2"})
    void givenACpuRequestThenThreadsFollowItSinceAProcessSeesTheWholeNode(String cpu, String threads) {
        Container container = trainer(
                new ResourcesSpec(0, null, cpu, null, null), run.getSpec().lifecycle());

        assertThat(container.getEnv()).contains(new EnvVar("OMP_NUM_THREADS", threads, null));
    }

    @Test
    void givenNoCpuRequestThenThreadsAreThoseOfTheNode() {
        Container container = trainer(
                new ResourcesSpec(0, null, null, null, null), run.getSpec().lifecycle());

        assertThat(container.getEnv()).extracting(EnvVar::getName).doesNotContain("OMP_NUM_THREADS");
    }

    private Container trainer(ResourcesSpec resources, LifecycleSpec lifecycle) {
        VLFineTune other = Samples.run(Samples.with(run.getSpec(), resources, lifecycle));
        return AttemptJob.of(other, 1, 1, StopGrace.USUAL, Samples.CONFIGURATION)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .getFirst();
    }

    @Test
    void servesMetricsOnAPortWithAName() {
        assertThat(trainer.getPorts()).singleElement().satisfies(port -> {
            assertThat(port.getName()).isEqualTo("metrics");
            assertThat(trainer.getEnv())
                    .anySatisfy(variable ->
                            assertThat(variable.getValue()).isEqualTo("0.0.0.0:" + port.getContainerPort()));
        });
    }

    @Test
    void hasATokenOnlyWhereTrainersHaveAServiceAccount() {
        assertThat(pod.getServiceAccountName()).isEqualTo("vlfinetune-trainer");
        assertThat(mount("token").getMountPath()).isEqualTo("/var/run/secrets/vlfinetune");

        OperatorConfiguration embedded = new OperatorConfiguration(
                Set.of(),
                URI.create("http://127.0.0.1:1"),
                "local",
                true,
                Duration.ofSeconds(1),
                null,
                Duration.ofMillis(500));
        PodSpec without = AttemptJob.of(run, 1, 1, StopGrace.USUAL, embedded)
                .getSpec()
                .getTemplate()
                .getSpec();
        assertThat(without.getServiceAccountName()).isNull();
        assertThat(without.getVolumes()).extracting(Volume::getName).doesNotContain("token");
        PodSpec named = AttemptJob.of(
                        scheduled(new SchedulingSpec(null, null, null, null, null, "bucket-reader", null, null)),
                        1,
                        1,
                        StopGrace.USUAL,
                        embedded)
                .getSpec()
                .getTemplate()
                .getSpec();
        assertThat(named.getServiceAccountName()).isEqualTo("bucket-reader");
        assertThat(named.getVolumes()).extracting(Volume::getName).doesNotContain("token");
    }

    @Test
    void mountsTheSecretsThatARunNamesAsReadOnlyFilesAndNothingOfThemIsEnvironment() {
        VLFineTune secretive = Samples.run(new VLFineTuneSpec(
                new ModelSpec("pvc://models/base", "hub-token"),
                run.getSpec().data(),
                run.getSpec().freeze(),
                run.getSpec().training(),
                new OutputSpec("pvc://models/tuned", "bucket", null, null),
                run.getSpec().resources(),
                run.getSpec().scheduling(),
                null,
                null));
        PodSpec spec = template(secretive).getSpec();

        assertThat(spec.getVolumes())
                .filteredOn(volume -> volume.getSecret() != null)
                .extracting(
                        Volume::getName,
                        volume -> volume.getSecret().getSecretName(),
                        volume -> volume.getSecret().getDefaultMode())
                .containsExactly(tuple("secret-model", "hub-token", 0440), tuple("secret-output", "bucket", 0440));
        Container container = spec.getContainers().getFirst();
        assertThat(container.getVolumeMounts())
                .filteredOn(mount -> mount.getName().startsWith("secret-"))
                .extracting(VolumeMount::getMountPath, VolumeMount::getReadOnly)
                .containsExactly(
                        tuple("/etc/vlfinetune/secrets/model", true), tuple("/etc/vlfinetune/secrets/output", true));
        assertThat(container.getEnv()).allMatch(variable -> variable.getValueFrom() == null);
        assertThat(container.getEnvFrom()).isEmpty();
        assertThat(pod.getVolumes()).noneMatch(volume -> volume.getSecret() != null);
    }

    @Test
    void goesWhereTheRunSaysAndKeepsItsOwnLabelsAndAnnotations() {
        PodTemplateSpec template = template(scheduled(new SchedulingSpec(
                null,
                null,
                null,
                List.of(
                        new TolerationSpec("gpu", TolerationSpec.Operator.Equal, "a100", Effect.NoExecute, 60L),
                        new TolerationSpec(null, TolerationSpec.Operator.Exists, null, null, null)),
                null,
                "bucket-reader",
                Map.of("team", "vision", "vlfinetune.io/run", "forged"),
                Map.of("cost-centre", "7", "vlfinetune.io/run.json", "{}"))));

        assertThat(template.getSpec().getTolerations())
                .containsExactly(
                        new Toleration("NoExecute", "gpu", "Equal", 60L, "a100"),
                        new Toleration(null, null, "Exists", null, null));
        assertThat(template.getSpec().getServiceAccountName()).isEqualTo("bucket-reader");
        assertThat(template.getSpec().getVolumes()).extracting(Volume::getName).contains("token");
        assertThat(template.getMetadata().getLabels())
                .containsEntry("team", "vision")
                .containsEntry("vlfinetune.io/run", "digits");
        assertThat(template.getMetadata().getAnnotations())
                .containsEntry("cost-centre", "7")
                .hasEntrySatisfying(
                        "vlfinetune.io/run.json", text -> assertThat(text).contains("\"name\":\"digits\""));
    }

    private static VLFineTune scheduled(SchedulingSpec scheduling) {
        VLFineTuneSpec spec = Samples.spec();
        return Samples.run(new VLFineTuneSpec(
                spec.model(),
                spec.data(),
                spec.freeze(),
                spec.training(),
                spec.output(),
                spec.resources(),
                scheduling,
                null,
                null));
    }

    private static PodTemplateSpec template(VLFineTune run) {
        return AttemptJob.of(run, 1, 1, StopGrace.USUAL, Samples.CONFIGURATION)
                .getSpec()
                .getTemplate();
    }

    private Volume volume(String name) {
        return pod.getVolumes().stream()
                .filter(volume -> volume.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private VolumeMount mount(String name) {
        return trainer.getVolumeMounts().stream()
                .filter(mount -> mount.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void givenAQueueThenTheJobAloneCarriesItsLabels() {
        VLFineTune labelled = Samples.run(Samples.spec());
        labelled.getMetadata()
                .setLabels(Map.of(
                        "kueue.x-k8s.io/queue-name", "team", "kueue.x-k8s.io/priority-class", "high", "mine", "too"));
        Job queued = AttemptJob.of(labelled, 1, 1, StopGrace.USUAL, Samples.CONFIGURATION);

        assertThat(queued.getMetadata().getLabels())
                .containsEntry("kueue.x-k8s.io/queue-name", "team")
                .containsEntry("kueue.x-k8s.io/priority-class", "high")
                .doesNotContainKey("mine");
        assertThat(queued.getSpec().getTemplate().getMetadata().getLabels())
                .doesNotContainKeys("kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/priority-class");
        assertThat(job.getMetadata().getLabels()).doesNotContainKey("kueue.x-k8s.io/queue-name");
    }

    @Test
    void givenAQueueInTheSpecThenItWinsOverTheLabel() {
        VLFineTuneSpec spec = Samples.spec();
        SchedulingSpec scheduling = new SchedulingSpec("named", null, null, null, null, null, null, null);
        VLFineTune named = Samples.run(new VLFineTuneSpec(
                spec.model(),
                spec.data(),
                spec.freeze(),
                spec.training(),
                spec.output(),
                spec.resources(),
                scheduling,
                spec.lifecycle(),
                null));
        named.getMetadata().setLabels(Map.of("kueue.x-k8s.io/queue-name", "team"));

        assertThat(AttemptJob.of(named, 1, 1, StopGrace.USUAL, Samples.CONFIGURATION)
                        .getMetadata()
                        .getLabels())
                .containsEntry("kueue.x-k8s.io/queue-name", "named");
    }
}
