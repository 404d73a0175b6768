package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/**
 * A volume for checkpoints that outlives a pod.
 *
 * @param size size of a volume that is made for this run.
 * @param storageClassName storage class of that volume.
 * @param claimName an existing claim instead.
 */
@ValidationRule(value = "has(self.size) != has(self.claimName)", message = "give exactly one of size and claimName")
@ValidationRule(value = "!has(self.storageClassName) || has(self.size)", message = "storageClassName goes with size")
public record ScratchSpec(
        @JsonPropertyDescription("Size of a volume that is made for this run.")
        @Size(max = 32)
        @Pattern(Patterns.QUANTITY)
        @Nullable
        String size,

        @JsonPropertyDescription("Storage class of that volume.") @Size(min = 1, max = 253) @Nullable
        String storageClassName,

        @JsonPropertyDescription("An existing claim instead.") @Size(min = 1, max = 253) @Nullable
        String claimName) {}
