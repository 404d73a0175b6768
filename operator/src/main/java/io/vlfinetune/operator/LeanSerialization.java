package io.vlfinetune.operator;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;

/**
 * Reads objects of the API server without {@code metadata.managedFields}: nobody here asks who set which field, and in the
 * caches these trees of maps are most of what a run costs (a run, its Job, its pod and its progress have each several).
 */
final class LeanSerialization {
    @JsonIgnoreProperties("managedFields")
    private interface WithoutManagedFields {}

    private LeanSerialization() {}

    /** For a client of its own. */
    static KubernetesSerialization create() {
        ObjectMapper mapper = new ObjectMapper();
        mapper.addMixIn(ObjectMeta.class, WithoutManagedFields.class);
        return new KubernetesSerialization(mapper, true);
    }
}
