package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The backward pass of a {@link ProductLayer}: the same products in the same order as autograd's, so the same bits.
 *
 * @param weights its tensors
 * @param gradients where those of trained tensors are added
 * @param backward the pass it is a part of
 */
record ProductBackward(Weights weights, Gradients gradients, Backward backward) {
    /**
     * Goes through a layer.
     *
     * @param input what it was given
     * @param cut the new arrays of its output, as the layers above were given them
     * @param lowest whether nothing below wants gradients
     * @param trained its trained tensors
     */
    void through(ProductLayer layer, Flow input, List<NDArray> cut, boolean lowest, List<String> trained) {
        Ops ops = weights.ops();
        List<@Nullable NDArray> above = new ArrayList<>();
        cut.forEach(array -> above.add(backward.take(array)));
        NDArray sum = above.getFirst();
        if (layer.addsToHidden() && sum != null && !lowest && ops.isLeaf(input.hidden())) {
            backward.seed(input.hidden(), ops.detached(sum));
        }
        List<NDArray> read = layer.read(input);
        List<NDArray> below =
                lowest ? List.of() : read.stream().filter(ops::isLeaf).toList();
        List<String> own = new ArrayList<>(trained);
        layer.linears().forEach(linear -> own.removeAll(List.of(linear.weight(), linear.bias())));
        boolean further = !below.isEmpty() || !own.isEmpty();
        NDArray source = ops.withGradients(further, () -> ops.scoped(() -> layer.source(read, weights)));
        NDArray seed = linears(layer.linears(), above, source, further, trained);
        if (seed != null) {
            backward.seed(source, seed);
        }
        if (read.stream().noneMatch(array -> same(array, source))) {
            if (seed != null) {
                throughSource(source, input.hidden(), below, own);
            }
            source.close();
        }
    }

    /**
     * One graph adds the gradient of hidden states that passed by before those of the source, and so does this: a sum of
     * three has the same bits only in the same order.
     */
    private void throughSource(NDArray source, NDArray hidden, List<NDArray> below, List<String> own) {
        NDArray passed = below.stream().anyMatch(array -> same(array, hidden)) ? backward.take(hidden) : null;
        if (passed == null) {
            backward.through(List.of(source), List.of(source), below, own);
            return;
        }
        // Made after the source, so that autograd begins with it.
        try (NDArray beside =
                weights.ops().withGradients(true, () -> weights.ops().alias(hidden))) {
            backward.seed(beside, passed);
            List<NDArray> both = List.of(source, beside);
            backward.through(both, both, below, own);
        }
    }

    @SuppressWarnings("ReferenceEquality") // arrays are owned, not compared
    private static boolean same(NDArray a, NDArray b) {
        return a == b;
    }

    /** Adds gradients of weights and biases; gives the source's, if it is wanted. */
    private @Nullable NDArray linears(
            List<Linear> linears,
            List<@Nullable NDArray> above,
            NDArray source,
            boolean further,
            List<String> trained) {
        Ops ops = weights.ops();
        NDArray seed = null;
        // Autograd goes through them from the last one made, and adds up in that order.
        for (int i = linears.size() - 1; i >= 0; i--) {
            Linear linear = linears.get(i);
            NDArray gradient = above.get(i);
            if (gradient == null) {
                continue;
            }
            boolean weight = trained.contains(linear.weight());
            boolean bias = linear.biased() && trained.contains(linear.bias());
            Ops.LinearGradients made = linear(gradient, source, linear, further, weight, bias);
            add(linear.weight(), made.weight());
            add(linear.bias(), made.bias());
            NDArray one = made.input();
            if (one != null && seed != null) {
                try (one;
                        NDArray before = seed) {
                    seed = ops.add(before, one);
                }
            } else if (one != null) {
                seed = one;
            }
            gradient.close();
        }
        return seed;
    }

    private Ops.LinearGradients linear(
            NDArray gradient, NDArray source, Linear linear, boolean input, boolean weight, boolean bias) {
        Ops ops = weights.ops();
        return ops.scoped(
                () -> ops.linearGradients(gradient, source, weights.get(linear.weight()), input, weight, bias),
                Ops.LinearGradients::arrays);
    }

    /** Gradients are Float32, as the masters are. */
    private void add(String tensor, @Nullable NDArray gradient) {
        if (gradient == null) {
            return;
        }
        NDArray exact = weights.ops().cast(gradient, DType.F32);
        gradients.add(tensor, exact);
        if (!same(exact, gradient)) {
            gradient.close();
        }
    }
}
