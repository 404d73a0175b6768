package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.vlfinetune.api.DataSpec;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.ModelSpec;
import io.vlfinetune.api.OutputSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.RunConfiguration;
import java.util.List;
import java.util.Map;

/** A Job in the form in which the operator makes them. */
final class JobForm {
    private JobForm() {}

    static Job of(String run, String wish, String cpu) throws Exception {
        VLFineTune form = new VLFineTune();
        form.getMetadata().setName(run);
        RunConfiguration configuration = new RunConfiguration(
                RunConfiguration.FORMAT_VERSION,
                "default",
                run,
                "uid-" + run,
                1,
                false,
                null,
                new ModelSpec("file:///" + wish),
                Json.strict().readValue("{\"train\":[{\"source\":\"pvc://data/train.jsonl\"}]}", DataSpec.class),
                FreezeSpec.NOTHING,
                Json.strict().readValue("{\"steps\":3}", io.vlfinetune.api.TrainingSpec.class),
                new OutputSpec("pvc://models/" + run),
                Map.of("models", "claims/models", "data", "claims/data"));
        return new JobBuilder()
                .withNewMetadata()
                .withName(run + "-1")
                .withNamespace("default")
                .addToLabels("vlfinetune.io/run", run)
                .endMetadata()
                .withNewSpec()
                .withCompletionMode("Indexed")
                .withBackoffLimit(0)
                .withNewPodFailurePolicy()
                .addNewRule()
                .withAction("Ignore")
                .addNewOnPodCondition("True", "DisruptionTarget")
                .endRule()
                .addNewRule()
                .withAction("FailJob")
                .withNewOnExitCodes()
                .withContainerName("trainer")
                .withOperator("In")
                .withValues(10, 11, 12)
                .endOnExitCodes()
                .endRule()
                .endPodFailurePolicy()
                .withNewTemplate()
                .withNewMetadata()
                .addToLabels("vlfinetune.io/run", run)
                .addToAnnotations("vlfinetune.io/run.json", Json.strict().writeValueAsString(configuration))
                .endMetadata()
                .withNewSpec()
                .withRestartPolicy("Never")
                .withTerminationGracePeriodSeconds(wish.equals("stubborn") ? 1L : 20L)
                .addNewVolume()
                .withName("run")
                .withNewDownwardAPI()
                .addNewItem()
                .withPath("run.json")
                .withNewFieldRef("v1", "metadata.annotations['vlfinetune.io/run.json']")
                .endItem()
                .endDownwardAPI()
                .endVolume()
                .addNewVolume()
                .withName("scratch")
                .withNewEmptyDir()
                .endEmptyDir()
                .endVolume()
                .addNewVolume()
                .withName("models")
                .withNewPersistentVolumeClaim("models", false)
                .endVolume()
                .addNewContainer()
                .withName("trainer")
                .withImage("none")
                .withArgs(List.of(
                        "train",
                        "--config",
                        "/etc/vlfinetune/run.json",
                        "--root",
                        "/var/lib/vlfinetune",
                        "--termination-log",
                        "/dev/termination-log"))
                .withTerminationMessagePolicy("FallbackToLogsOnError")
                .withNewResources()
                .addToRequests("cpu", new Quantity(cpu))
                .endResources()
                .addNewVolumeMount()
                .withName("run")
                .withMountPath("/etc/vlfinetune")
                .endVolumeMount()
                .addNewVolumeMount()
                .withName("scratch")
                .withMountPath("/var/lib/vlfinetune/scratch")
                .endVolumeMount()
                .addNewVolumeMount()
                .withName("models")
                .withMountPath("/var/lib/vlfinetune/claims/models")
                .endVolumeMount()
                .endContainer()
                .endSpec()
                .endTemplate()
                .endSpec()
                .build();
    }
}
