package io.vlfinetune.trainer.model.qwen;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Activation;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;
import java.util.stream.Stream;

/** Perceptrons of a tower's blocks, every linear layer with a bias. */
sealed interface Perceptron {
    /** Its tensors, under a prefix that ends with a dot. */
    List<LayerTensor> declared(String prefix, TensorRole role, long hidden, long wide);

    /** What it makes of x [..., hidden]. */
    NDArray apply(NDArray x, Weights w, String prefix, Activation activation);

    /**
     * Two layers with the activation between them.
     *
     * @param first name of the one that widens
     * @param second name of the one that narrows
     */
    record Plain(String first, String second) implements Perceptron {
        @Override
        public List<LayerTensor> declared(String prefix, TensorRole role, long hidden, long wide) {
            return Stream.concat(
                            LayerTensor.linear(prefix + first, role, wide, hidden).stream(),
                            LayerTensor.linear(prefix + second, role, hidden, wide).stream())
                    .toList();
        }

        @Override
        public NDArray apply(NDArray x, Weights w, String prefix, Activation activation) {
            NDArray h = activation.apply(w.ops(), linear(x, w, prefix + first));
            return linear(h, w, prefix + second);
        }
    }

    /** Two layers side by side, one of them a gate, and one that narrows. */
    record Gated() implements Perceptron {
        @Override
        public List<LayerTensor> declared(String prefix, TensorRole role, long hidden, long wide) {
            return Stream.of(
                            LayerTensor.linear(prefix + "gate_proj", role, wide, hidden),
                            LayerTensor.linear(prefix + "up_proj", role, wide, hidden),
                            LayerTensor.linear(prefix + "down_proj", role, hidden, wide))
                    .flatMap(List::stream)
                    .toList();
        }

        @Override
        public NDArray apply(NDArray x, Weights w, String prefix, Activation activation) {
            NDArray gate = activation.apply(w.ops(), linear(x, w, prefix + "gate_proj"));
            return linear(w.ops().multiply(gate, linear(x, w, prefix + "up_proj")), w, prefix + "down_proj");
        }
    }

    private static NDArray linear(NDArray x, Weights w, String name) {
        return w.ops().linear(x, w.get(name + ".weight"), w.get(name + ".bias"));
    }
}
