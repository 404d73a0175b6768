package io.vlfinetune.trainer.testing;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.Part;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What PyTorch computes for a declaration; see fixtures/tools/make_freeze_cases.py.
 *
 * @param phases one after the other; one, if the declaration never changes
 * @param losses before each step of all phases, and after the last one
 * @param steps norms in each step of all phases
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record FreezeCase(List<Phase> phases, List<Double> losses, List<Norms> steps) {
    /**
     * A declaration and for how long it holds.
     *
     * @param freeze as in the API
     * @param steps how many updates
     * @param trainable what it trains; a frozen part is absent
     * @param withoutGradient trained tensors that the loss does not depend on
     */
    public record Phase(
            FreezeSpec freeze,
            int steps,
            Map<Part, Count> trainable,
            @JsonProperty("without_gradient") Set<String> withoutGradient) {}

    /**
     * How much of a part is trained.
     *
     * @param tensors how many
     * @param parameters their elements
     */
    public record Count(long tensors, long parameters) {}

    /**
     * Euclidean norms of a step's gradients, which are not clipped.
     *
     * @param whole of all gradients
     * @param byPart of each part's; a frozen part is absent
     */
    public record Norms(
            @JsonProperty("grad_norm") double whole,
            @JsonProperty("grad_norm_by_part") Map<Part, Double> byPart) {}
}
