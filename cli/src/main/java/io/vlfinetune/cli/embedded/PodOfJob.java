package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The pod that the Job controller makes for the only index of an Indexed Job. */
final class PodOfJob {
    /** Kubernetes' alphabet for generated names: no vowels, so that no words appear. */
    private static final String ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

    private static final int SUFFIX = 5;

    private PodOfJob() {}

    static Pod of(Job job, RandomGenerator random) {
        PodTemplateSpec template = job.getSpec().getTemplate();
        ObjectMeta metadata = job.getMetadata();
        Map<String, String> labels = copy(
                template.getMetadata() == null ? null : template.getMetadata().getLabels());
        labels.put("batch.kubernetes.io/job-name", metadata.getName());
        labels.put("batch.kubernetes.io/controller-uid", metadata.getUid());
        labels.put("batch.kubernetes.io/job-completion-index", "0");
        labels.put("job-name", metadata.getName());
        labels.put("controller-uid", metadata.getUid());
        Map<String, String> annotations = copy(
                template.getMetadata() == null ? null : template.getMetadata().getAnnotations());
        annotations.put("batch.kubernetes.io/job-completion-index", "0");
        return new PodBuilder()
                .withNewMetadata()
                .withName(metadata.getName() + "-0-" + suffix(random))
                .withNamespace(metadata.getNamespace())
                .withLabels(labels)
                .withAnnotations(annotations)
                .addNewOwnerReference()
                .withApiVersion("batch/v1")
                .withKind("Job")
                .withName(metadata.getName())
                .withUid(metadata.getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .endOwnerReference()
                .endMetadata()
                .withSpec(template.getSpec())
                .withNewStatus()
                .withPhase("Pending")
                .endStatus()
                .build();
    }

    private static Map<String, String> copy(@Nullable Map<String, String> map) {
        return new HashMap<>(Objects.requireNonNullElse(map, Map.of()));
    }

    private static String suffix(RandomGenerator random) {
        StringBuilder suffix = new StringBuilder();
        while (suffix.length() < SUFFIX) {
            suffix.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return suffix.toString();
    }
}
