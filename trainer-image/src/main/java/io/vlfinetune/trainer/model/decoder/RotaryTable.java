package io.vlfinetune.trainer.model.decoder;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.weights.Weights;
import java.util.function.DoubleUnaryOperator;

/**
 * Rotary positions that count up from 0: a table [length, size of a head], computed when first needed, for as many
 * places as are needed.
 *
 * @param headSize size of a head
 * @param theta base of the wave lengths
 * @param scaling how frequencies were changed
 */
public record RotaryTable(int headSize, double theta, RopeScaling scaling) implements Rotary {
    private static final int SHORTEST = 64;

    private enum Wave {
        Cosine,
        Sine
    }

    private record Key(RotaryTable table, Wave wave, int places) {}

    @Override
    public NDArray cosines(Weights weights, Batch batch) {
        return part(weights, Wave.Cosine, batch);
    }

    @Override
    public NDArray sines(Weights weights, Batch batch) {
        return part(weights, Wave.Sine, batch);
    }

    /** Tables grow in powers of two, so that batches of many lengths share them. */
    private NDArray part(Weights weights, Wave wave, Batch batch) {
        int length = batch.length();
        if (length > scaling.longest()) {
            throw new TrainerException(
                    Reason.DataInvalid,
                    batch.samples().getFirst() + ": the batch that begins here has " + length
                            + " tokens, but the model's rotary positions are supported up to " + scaling.longest()
                            + " (max_position_embeddings, dynamic scaling); lower data.maxLength");
        }
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
            float frequency = frequency(i % (headSize / 2));
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

    /** One of headSize / 2 frequencies, rounded to Float32 as transformers does, so that far places agree too. */
    float frequency(int index) {
        return scaling.scaled((float) (1 / Math.pow(theta, 2.0 * index / headSize)));
    }
}
