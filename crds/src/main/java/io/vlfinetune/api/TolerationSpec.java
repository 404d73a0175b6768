package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/**
 * A taint that pods of this run tolerate, as in a pod.
 *
 * @param key key of the taint; absent with Exists: every taint.
 * @param operator Equal (the default) or Exists.
 * @param value value of the taint.
 * @param effect NoSchedule, PreferNoSchedule or NoExecute; absent: each.
 * @param tolerationSeconds how long a NoExecute taint is tolerated; absent: for ever.
 */
public record TolerationSpec(
        @JsonPropertyDescription("Key of the taint; absent with Exists: every taint.") @Size(max = 316) @Nullable
        String key,

        @JsonPropertyDescription("Equal (the default) or Exists.") @Nullable
        Operator operator,

        @JsonPropertyDescription("Value of the taint.") @Size(max = 63) @Nullable
        String value,

        @JsonPropertyDescription("NoSchedule, PreferNoSchedule or NoExecute; absent: each.") @Nullable
        Effect effect,

        @JsonPropertyDescription("How long a NoExecute taint is tolerated; absent: for ever.") @Nullable
        Long tolerationSeconds) {
    /** How key and value are compared. */
    public enum Operator {
        /** Key and value are equal. */
        Equal,
        /** The key is there. */
        Exists
    }

    /** What a taint does to a pod that does not tolerate it. */
    public enum Effect {
        /** It gets no place. */
        NoSchedule,
        /** It gets another place if there is one. */
        PreferNoSchedule,
        /** It is evicted. */
        NoExecute
    }
}
