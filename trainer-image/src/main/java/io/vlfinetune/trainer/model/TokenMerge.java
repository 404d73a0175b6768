package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * Token embeddings [rows, length, hidden] with image tokens replaced by image features [images, places, hidden] in
 * order. A batch of text alone has no features; its input is not read.
 *
 * @param table key of the embedding table
 * @param vocabulary rows of the table
 * @param hidden hidden size of the language model
 * @param scale what token embeddings, not features, are multiplied by, rounded to the compute precision; 1 for nothing
 */
public record TokenMerge(String table, long vocabulary, long hidden, double scale) implements PlainLayer {
    private record ScaleKey(double scale) {}

    /** Token embeddings as they are in the table. */
    public TokenMerge(String table, long vocabulary, long hidden) {
        this(table, vocabulary, hidden, 1);
    }

    @Override
    public List<LayerTensor> declared() {
        return List.of(LayerTensor.weight(table, TensorRole.of(Role.TokenEmbedding), vocabulary, hidden));
    }

    @Override
    public NDArray forward(NDArray features, Weights weights, Batch batch) {
        Ops ops = weights.ops();
        NDArray tokens = scaled(ops.embedding(weights.get(table), batch.ids()), weights);
        if (batch.isTextOnly()) {
            return tokens;
        }
        NDArray rows = ops.reshape(features, -1, hidden);
        long places = batch.imagePlaces().getShape().get(0);
        if (rows.getShape().get(0) != places) {
            throw new TrainerException(
                    Reason.DataInvalid,
                    batch.samples().getFirst() + ": the batch that begins here has " + places
                            + " image tokens, but its " + batch.images().size() + " images give "
                            + rows.getShape().get(0) + " features; check that no image token was cut off");
        }
        NDArray merged = ops.replaceRows(ops.reshape(tokens, -1, hidden), batch.imagePlaces(), rows);
        return ops.reshape(merged, batch.rows(), batch.length(), hidden);
    }

    private NDArray scaled(NDArray tokens, Weights weights) {
        if (scale == 1) {
            return tokens;
        }
        Ops ops = weights.ops();
        NDArray factor =
                weights.constant(new ScaleKey(scale), () -> ops.cast(ops.of((float) scale), weights.precision()));
        return ops.multiply(tokens, factor);
    }
}
