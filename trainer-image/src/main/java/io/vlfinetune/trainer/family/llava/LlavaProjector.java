package io.vlfinetune.trainer.family.llava;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Maps features of the tower [images, 1 + patches, vision hidden] to the language model's width
 * [images, places, hidden]. Takes all that is carried: features of lower blocks.
 *
 * @param prefix of its keys
 * @param config the model's numbers
 */
record LlavaProjector(String prefix, LlavaConfig config) implements Layer {
    private static final String FIRST = "linear_1";
    private static final String SECOND = "linear_2";

    @Override
    public List<LayerTensor> declared() {
        long hidden = config.text().hidden();
        long taken = (long) config.features().layers().size() * config.vision().hidden();
        return Stream.concat(linear(FIRST, hidden, taken), linear(SECOND, hidden, hidden))
                .toList();
    }

    private Stream<LayerTensor> linear(String part, long out, long in) {
        return LayerTensor.linear(prefix + part, TensorRole.of(Role.Projector), out, in).stream()
                .filter(tensor -> config.projectorBias() || tensor.use() != LayerTensor.Use.Bias);
    }

    @Override
    public Flow forward(Flow input, Weights w, Batch batch) {
        NDArray features = config.features().taken(input, w.ops());
        NDArray h = config.projectorActivation().apply(w.ops(), linear(features, w, FIRST));
        return Flow.of(linear(h, w, SECOND));
    }

    private NDArray linear(NDArray x, Weights w, String part) {
        @Nullable NDArray bias = config.projectorBias() ? w.get(prefix + part + ".bias") : null;
        return w.ops().linear(x, w.get(prefix + part + ".weight"), bias);
    }
}
