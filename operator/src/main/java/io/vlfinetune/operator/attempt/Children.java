package io.vlfinetune.operator.attempt;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Names, labels and owner of everything that is made for a run. */
public final class Children {
    /** Label: name of the run. */
    public static final String RUN = "vlfinetune.io/run";
    /** Label: number of the attempt, from 1. */
    public static final String ATTEMPT = "vlfinetune.io/attempt";
    /**
     * Annotation of a Job: number of the first attempt of its series. A run that failed and was changed starts a new
     * series: its restarts are counted afresh and nothing of the series before is resumed.
     */
    public static final String FIRST_ATTEMPT = "vlfinetune.io/first-attempt";
    /** Annotation of a pod: the text of run.json. */
    public static final String RUN_JSON = "vlfinetune.io/run.json";
    /** Label by which the operator selects all that it made; mock servers understand equality only. */
    public static final String MANAGED_BY = "app.kubernetes.io/managed-by";
    /** Value of {@link #MANAGED_BY}. */
    public static final String OPERATOR = "vlfinetune-operator";

    private Children() {}

    /** Name of an attempt's Job and of its progress object. */
    public static String attemptName(VLFineTune run, int attempt) {
        return run.getMetadata().getName() + "-" + attempt;
    }

    /** Name of the claim that is made for a run's checkpoints. */
    public static String scratchName(VLFineTune run) {
        return run.getMetadata().getName() + "-scratch";
    }

    /** Labels of what belongs to the whole run. */
    public static Map<String, String> labels(VLFineTune run) {
        Map<String, String> labels = new LinkedHashMap<>();
        labels.put("app.kubernetes.io/name", "vlfinetune-trainer");
        labels.put("app.kubernetes.io/part-of", "vlfinetune");
        labels.put(MANAGED_BY, OPERATOR);
        labels.put(RUN, run.getMetadata().getName());
        return labels;
    }

    /** Labels of what belongs to one attempt. */
    public static Map<String, String> labels(VLFineTune run, int attempt) {
        Map<String, String> labels = labels(run);
        labels.put(ATTEMPT, Integer.toString(attempt));
        return labels;
    }

    /** Metadata of a child: name, namespace, labels, owner. */
    public static ObjectMeta metadata(VLFineTune run, String name, Map<String, String> labels) {
        return new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(run.getMetadata().getNamespace())
                .withLabels(labels)
                .withOwnerReferences(owner(run))
                .build();
    }

    /** Whether a child was made for this very run, and not for an earlier one of the same name. */
    public static boolean belongsTo(HasMetadata child, VLFineTune run) {
        return child.getMetadata().getOwnerReferences().stream()
                .anyMatch(owner ->
                        Objects.equals(owner.getUid(), run.getMetadata().getUid()));
    }

    /** Whether a child was made for an earlier run of the same name: the garbage collector is about to take it. */
    public static boolean ofEarlierRun(HasMetadata child, VLFineTune run) {
        return child.getMetadata().getOwnerReferences().stream()
                .filter(owner -> owner.getKind().equals(run.getKind()))
                .filter(owner -> owner.getName().equals(run.getMetadata().getName()))
                .anyMatch(owner ->
                        !Objects.equals(owner.getUid(), run.getMetadata().getUid()));
    }

    /** An annotation of an object; null where it has none of that key. */
    public static @Nullable String annotation(HasMetadata object, String key) {
        Map<String, String> annotations = object.getMetadata().getAnnotations();
        return annotations == null ? null : annotations.get(key);
    }

    private static OwnerReference owner(VLFineTune run) {
        return new OwnerReferenceBuilder()
                .withApiVersion(VLFineTune.GROUP + "/" + VLFineTune.VERSION)
                .withKind("VLFineTune")
                .withName(run.getMetadata().getName())
                .withUid(run.getMetadata().getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build();
    }
}
