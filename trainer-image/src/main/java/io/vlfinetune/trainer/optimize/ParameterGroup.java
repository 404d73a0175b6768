package io.vlfinetune.trainer.optimize;

import io.vlfinetune.api.Part;
import java.util.List;

/**
 * Tensors that the optimizer moves alike.
 *
 * @param part the part they belong to
 * @param learningRate their peak learning rate
 * @param weightDecay their decay, times the learning rate
 * @param tensors their names
 */
public record ParameterGroup(Part part, double learningRate, double weightDecay, List<String> tensors) {
    /** Copies the list. */
    public ParameterGroup {
        tensors = List.copyOf(tensors);
    }
}
