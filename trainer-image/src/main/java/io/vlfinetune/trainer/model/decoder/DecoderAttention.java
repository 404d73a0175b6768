package io.vlfinetune.trainer.model.decoder;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.engine.AttentionKernel;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Looks;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * Causal attention with rotary positions and grouped keys: takes queries, keys and values [rows, length, size of all
 * heads] from what is carried, and carries their mixture.
 *
 * @param prefix of its keys
 * @param number of the block it belongs to
 * @param config the decoder's numbers
 */
record DecoderAttention(String prefix, int number, DecoderConfig config) implements Layer {
    @Override
    public List<LayerTensor> declared() {
        TensorRole role = TensorRole.of(Role.LanguageBlock, number);
        return config.normsQueries()
                ? List.of(
                        LayerTensor.norm(prefix + "q_norm.weight", role, config.headSize()),
                        LayerTensor.norm(prefix + "k_norm.weight", role, config.headSize()))
                : List.of();
    }

    /**
     * Turned queries, keys and values as often as there are queries, the mixture by heads and as it is handed on; with
     * norms of queries and keys what those remember.
     */
    @Override
    public Footprint footprint(Widths input) {
        long queries = input.carried().get(0);
        long keys = input.carried().get(1);
        boolean grouped = config.heads() > config.groups();
        long normed = config.normsQueries() ? queries + keys : 0;
        long turned = queries + (grouped ? 2 * queries : keys);
        return new Footprint(input.dropped(3).carryingFirst(List.of(queries)), turned + 2 * queries + normed)
                .within(turned + queries + normed);
    }

    @Override
    public boolean isCheap(DType precision) {
        return AttentionKernel.isCheap(precision);
    }

    @Override
    public Flow forward(Flow input, Weights w, Batch batch) {
        Ops ops = w.ops();
        NDArray cosines = config.rotary().cosines(w, batch);
        NDArray sines = config.rotary().sines(w, batch);
        List<NDArray> carried = input.carried();
        NDArray query = ops.rotate(normed(heads(carried.get(0), config.heads(), ops), w, "q"), cosines, sines);
        NDArray key = ops.rotate(normed(heads(carried.get(1), config.groups(), ops), w, "k"), cosines, sines);
        NDArray value = heads(carried.get(2), config.groups(), ops);
        NDArray mixed = ops.attention(query, key, value, new Looks.Back());
        long rows = carried.getFirst().getShape().get(0);
        return input.taking(3, ops.reshape(ops.transpose(mixed, 1, 2), rows, batch.length(), -1));
    }

    /** Norms each head, [rows, heads, length, size]. */
    private NDArray normed(NDArray x, Weights w, String part) {
        return config.normsQueries() ? w.ops().rmsNorm(x, w.get(prefix + part + "_norm.weight"), config.epsilon()) : x;
    }

    /** [rows, length, heads * size] to [rows, heads, length, size]. */
    private static NDArray heads(NDArray x, int count, Ops ops) {
        return ops.transpose(ops.reshape(x, x.getShape().get(0), x.getShape().get(1), count, -1), 1, 2);
    }
}
