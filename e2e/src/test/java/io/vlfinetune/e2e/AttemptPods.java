package io.vlfinetune.e2e;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.vlfinetune.api.DataFormat;
import io.vlfinetune.api.DataSpec;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.LifecycleSpec;
import io.vlfinetune.api.ModelSpec;
import io.vlfinetune.api.OutputSpec;
import io.vlfinetune.api.ResourcesSpec;
import io.vlfinetune.api.SchedulingSpec;
import io.vlfinetune.api.ScratchSpec;
import io.vlfinetune.api.TolerationSpec;
import io.vlfinetune.api.TrainingSource;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.attempt.AttemptJob;
import io.vlfinetune.operator.attempt.StopGrace;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Runs that ask for everything that shows in a pod, and pods of their attempts as the Job controller would make them. */
final class AttemptPods {
    private static final OperatorConfiguration CONFIGURATION = new OperatorConfiguration(
            Set.of(),
            URI.create("https://kubernetes.default.svc"),
            "trainer:1",
            false,
            Duration.ofSeconds(10),
            "vlfinetune-trainer",
            Duration.ofSeconds(15));

    private AttemptPods() {}

    static VLFineTune run(String namespace, String name, @Nullable String account) {
        VLFineTune run = new VLFineTune();
        run.setMetadata(
                new ObjectMetaBuilder().withName(name).withNamespace(namespace).build());
        run.setSpec(new VLFineTuneSpec(
                new ModelSpec("pvc://models/base", "hub-token"),
                new DataSpec(
                        List.of(new TrainingSource("pvc://data/train.jsonl", DataFormat.Auto)), List.of(), null, null),
                FreezeSpec.NOTHING,
                new TrainingSpec(
                        null, 3, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
                        null, null, null),
                new OutputSpec("pvc://models/" + name, "bucket", null, null),
                new ResourcesSpec(1, null, "2", "1Gi", new ScratchSpec("1Gi", null, null)),
                new SchedulingSpec(
                        null,
                        null,
                        Map.of("pool", "gpu"),
                        List.of(new TolerationSpec(
                                "gpu", TolerationSpec.Operator.Exists, null, TolerationSpec.Effect.NoSchedule, null)),
                        null,
                        account,
                        Map.of("team", "vision"),
                        Map.of("cost-centre", "7")),
                LifecycleSpec.DEFAULT,
                null));
        return run;
    }

    static Pod of(String namespace, String name, String account) {
        PodTemplateSpec template = AttemptJob.of(
                        run(namespace, "digits", account), 1, 1, StopGrace.USUAL, CONFIGURATION)
                .getSpec()
                .getTemplate();
        return new PodBuilder()
                .withMetadata(template.getMetadata())
                .editMetadata()
                .withName(name)
                .withNamespace(namespace)
                .endMetadata()
                .withSpec(template.getSpec())
                .build();
    }
}
