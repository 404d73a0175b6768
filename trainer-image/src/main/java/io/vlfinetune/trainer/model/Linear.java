package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A linear layer.
 *
 * @param name of its keys, which end in weight and bias
 * @param role of its tensors
 * @param out width of its output
 * @param in width of its input
 * @param biased whether it has a bias
 */
public record Linear(String name, TensorRole role, long out, long in, boolean biased) {
    /** Its tensors. */
    public List<LayerTensor> declared() {
        return LayerTensor.linear(name, role, out, in).subList(0, biased ? 2 : 1);
    }

    /** Key of its weight [out, in]. */
    public String weight() {
        return name + ".weight";
    }

    /** Key of its bias [out], if it has one. */
    public String bias() {
        return name + ".bias";
    }

    /** The output [..., out] for x [..., in]. */
    public NDArray apply(NDArray x, Weights w) {
        @Nullable NDArray bias = biased ? w.get(bias()) : null;
        return w.ops().linear(x, w.get(weight()), bias);
    }
}
