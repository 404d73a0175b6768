package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Objects;

/**
 * Comparison of every frozen tensor with the base model, byte for byte, and what became of the others.
 *
 * @param frozenTensors tensors declared frozen.
 * @param verified those of them whose bytes in the output equal the base model.
 * @param changedTensors trainable tensors that changed.
 * @param unused trainable tensors that no gradient reached in any step; the first 64.
 * @param unchangedAfterRounding tensors that were trained and whose stored bytes are the same after rounding; the first 64.
 */
public record ProofStatus(
        @JsonPropertyDescription("Tensors declared frozen.") Integer frozenTensors,

        @JsonPropertyDescription("Those of them whose bytes in the output equal the base model.")
        Integer verified,

        @JsonPropertyDescription("Trainable tensors that changed.")
        Integer changedTensors,

        @JsonPropertyDescription("Trainable tensors that no gradient reached in any step; the first 64.")
        @Size(max = 64)
        List<String> unused,

        @JsonPropertyDescription(
                "Tensors that were trained and whose stored bytes are the same after rounding; the first 64.")
        @Size(max = 64)
        List<String> unchangedAfterRounding) {
    /** Keeps copies of the lists. */
    public ProofStatus {
        unused = List.copyOf(Objects.requireNonNullElse(unused, List.of()));
        unchangedAfterRounding = List.copyOf(Objects.requireNonNullElse(unchangedAfterRounding, List.of()));
    }

    /** Whether every tensor that was declared frozen is unchanged. */
    public boolean holds() {
        return Objects.equals(frozenTensors, verified);
    }
}
