package io.vlfinetune.operator;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonIncludeProperties;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.KubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpec;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.operator.attempt.Children;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * Reads of the API server's objects only what somebody here asks for: no {@code managedFields}, no spec of a pod, no pod
 * template of a Job, no counts and addresses, no copy of run.json. In the caches these trees are most of what a run costs.
 * What is written is whole.
 */
public final class LeanSerialization {
    @JsonIgnoreProperties("managedFields")
    private interface LeanMeta {
        @JsonDeserialize(using = Annotations.class)
        @SuppressWarnings("UnusedMethod") // Jackson reads it
        Map<String, String> getAnnotations();
    }

    @JsonIgnoreProperties(value = "spec", allowGetters = true)
    private interface WithoutSpec {}

    @JsonIncludeProperties({"phase", "conditions", "containerStatuses"})
    private interface LeanPodStatus {}

    @JsonIncludeProperties({"type", "status", "reason", "message"})
    private interface LeanPodCondition {}

    @JsonIncludeProperties({"name", "image", "state"})
    private interface LeanContainerStatus {}

    @JsonIgnoreProperties(
            value = {"template", "selector", "podFailurePolicy", "successPolicy"},
            allowGetters = true)
    private interface LeanJobSpec {}

    @JsonIncludeProperties("conditions")
    private interface LeanJobStatus {}

    private static final class Annotations extends StdDeserializer<Map<String, String>> {
        private static final long serialVersionUID = 1L;

        Annotations() {
            super(Map.class);
        }

        @Override
        public Map<String, String> deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            var type = context.getTypeFactory().constructMapType(Map.class, String.class, String.class);
            Map<String, String> annotations = context.readValue(parser, type);
            annotations.remove(Children.RUN_JSON);
            return annotations;
        }
    }

    private static final List<Class<? extends KubernetesResource>> WATCHED =
            List.of(Status.class, Job.class, Pod.class, Lease.class, VLFineTune.class, VLFineTuneProgress.class);

    private LeanSerialization() {}

    /**
     * For a client of its own. It knows the kinds that are watched and not the thousand others there are; among them must be
     * Status, by which a watch learns that it has expired.
     */
    public static KubernetesSerialization create() {
        ObjectMapper mapper = new ObjectMapper();
        mapper.addMixIn(ObjectMeta.class, LeanMeta.class);
        mapper.addMixIn(Pod.class, WithoutSpec.class);
        mapper.addMixIn(PodStatus.class, LeanPodStatus.class);
        mapper.addMixIn(PodCondition.class, LeanPodCondition.class);
        mapper.addMixIn(ContainerStatus.class, LeanContainerStatus.class);
        mapper.addMixIn(JobSpec.class, LeanJobSpec.class);
        mapper.addMixIn(JobStatus.class, LeanJobStatus.class);
        KubernetesSerialization serialization = new KubernetesSerialization(mapper, false);
        WATCHED.forEach(serialization::registerKubernetesResource);
        return serialization;
    }
}
