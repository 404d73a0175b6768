package io.vlfinetune.trainer.model;

import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.freeze.TensorRole;
import java.util.Arrays;
import java.util.List;

/**
 * A tensor as the layer that owns it declares it.
 *
 * @param name key in the checkpoint
 * @param role what it is for
 * @param use how it enters the mathematics
 * @param shape its axes by the configuration
 */
public record LayerTensor(String name, TensorRole role, Use use, List<Long> shape) {
    /** How a tensor enters the mathematics; weight decay acts on weights only, as in transformers' Trainer. */
    public enum Use {
        /** Matrix, convolution, table or embedding. */
        Weight,
        /** Added after a product. */
        Bias,
        /** Scale or shift of a norm. */
        Norm
    }

    /** Copies the shape. */
    public LayerTensor {
        shape = List.copyOf(shape);
    }

    /** Number of elements. */
    public long elements() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    /** Whether rows of it are looked up or added: positions, token embeddings. */
    boolean isTable() {
        return use == Use.Weight
                && (role.role() == Role.VisionPosition || role.role() == Role.TokenEmbedding)
                && shape.size() > 1;
    }

    /** Whether it is multiplied with rows: a matrix or a convolution's kernels. */
    boolean isMatrix() {
        return use == Use.Weight && !isTable() && shape.size() > 1;
    }

    /** A weight. */
    public static LayerTensor weight(String name, TensorRole role, long... shape) {
        return new LayerTensor(
                name, role, Use.Weight, Arrays.stream(shape).boxed().toList());
    }

    /** A bias. */
    public static LayerTensor bias(String name, TensorRole role, long size) {
        return new LayerTensor(name, role, Use.Bias, List.of(size));
    }

    /** Scale or shift of a norm. */
    public static LayerTensor norm(String name, TensorRole role, long size) {
        return new LayerTensor(name, role, Use.Norm, List.of(size));
    }

    /** Weight and bias of a linear layer, the weight [out, in]. */
    public static List<LayerTensor> linear(String name, TensorRole role, long out, long in) {
        return List.of(weight(name + ".weight", role, out, in), bias(name + ".bias", role, out));
    }

    /** Scale and shift of a layer norm. */
    public static List<LayerTensor> layerNorm(String name, TensorRole role, long size) {
        return List.of(norm(name + ".weight", role, size), norm(name + ".bias", role, size));
    }
}
