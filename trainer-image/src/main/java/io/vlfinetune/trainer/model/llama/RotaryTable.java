package io.vlfinetune.trainer.model.llama;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.weights.Weights;
import java.util.function.DoubleUnaryOperator;

/**
 * Cosines and sines of rotary positions (Su et al., arXiv:2104.09864), [length, size of a head], both halves alike.
 * Computed when first needed, for as many places as are needed.
 *
 * @param headSize size of a head
 * @param theta base of the wave lengths
 */
public record RotaryTable(int headSize, double theta) {
    private static final int SHORTEST = 64;

    private enum Wave {
        Cosine,
        Sine
    }

    private record Key(RotaryTable table, Wave wave, int places) {}

    /** Cosines of the first places. */
    public NDArray cosines(Weights weights, int length) {
        return part(weights, Wave.Cosine, length);
    }

    /** Sines of the first places. */
    public NDArray sines(Weights weights, int length) {
        return part(weights, Wave.Sine, length);
    }

    /** Tables grow in powers of two, so that batches of many lengths share them. */
    private NDArray part(Weights weights, Wave wave, int length) {
        int places = SHORTEST;
        while (places < length) {
            places *= 2;
        }
        int rows = places;
        NDArray whole = weights.constant(
                new Key(this, wave, rows), () -> table(weights.ops(), wave, rows, weights.precision()));
        return weights.ops().narrow(whole, 0, 0, length);
    }

    private NDArray table(Ops ops, Wave wave, int places, DType precision) {
        DoubleUnaryOperator function = switch (wave) {
            case Cosine -> Math::cos;
            case Sine -> Math::sin;
        };
        float[] values = new float[places * headSize];
        for (int i = 0; i < headSize; i++) {
            // Rounded to Float32 as transformers does, so that far places agree too.
            float frequency = (float) (1 / Math.pow(theta, 2.0 * (i % (headSize / 2)) / headSize));
            for (int place = 0; place < places; place++) {
                float angle = place * frequency;
                values[place * headSize + i] = (float) function.applyAsDouble(angle);
            }
        }
        NDArray exact = ops.of(values, places, headSize);
        if (precision == DType.F32) {
            return exact;
        }
        try (exact) {
            return ops.cast(exact, precision);
        }
    }
}
