package io.vlfinetune.trainer.model.decoder;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.engine.AttentionKernel;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.model.block.Norm;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Gemma 3's attention: takes queries, keys and values [rows, length, size of all heads] from what is carried, and
 * carries their mixture.
 *
 * @param prefix of its keys
 * @param number of the block, which decides between a window and everything before
 * @param config the decoder's numbers
 */
record GemmaAttention(String prefix, int number, GemmaConfig config) implements Layer {
    @Override
    public List<LayerTensor> declared() {
        List<LayerTensor> tensors = new ArrayList<>(norm("q_norm").declared());
        tensors.addAll(norm("k_norm").declared());
        return tensors;
    }

    /**
     * Normed and turned queries and keys, keys and values as often as there are queries, the mixture by heads and as it
     * is handed on.
     */
    @Override
    public Footprint footprint(Widths input) {
        long queries = input.carried().get(0);
        long keys = input.carried().get(1);
        boolean grouped = config.heads() > config.groups();
        long turned = queries + (grouped ? 2 * queries : keys);
        return new Footprint(
                        input.dropped(3).carryingFirst(List.of(queries)), turned + 2 * queries + 2 * (queries + keys))
                .within(turned + queries + 2 * (queries + keys));
    }

    @Override
    public OptionalInt window() {
        return OptionalInt.of(mask().window());
    }

    private AttentionMask mask() {
        return config.sliding().get(number) ? new AttentionMask(config.window()) : AttentionMask.WHOLE;
    }

    @Override
    public boolean isCheap(DType precision) {
        return AttentionKernel.isCheap(precision);
    }

    @Override
    public Flow forward(Flow input, Weights w, Batch batch) {
        Ops ops = w.ops();
        Rotary rotary = config.sliding().get(number) ? config.near() : config.far();
        NDArray cosines = rotary.cosines(w, batch);
        NDArray sines = rotary.sines(w, batch);
        List<NDArray> carried = input.carried();
        NDArray query = ops.rotate(norm("q_norm").apply(heads(carried.get(0), config.heads(), ops), w), cosines, sines);
        NDArray key = ops.rotate(norm("k_norm").apply(heads(carried.get(1), config.groups(), ops), w), cosines, sines);
        NDArray value = heads(carried.get(2), config.groups(), ops);
        NDArray mixed = ops.attention(query, key, value, mask().of(w, batch), config.scale());
        long rows = carried.getFirst().getShape().get(0);
        return input.taking(3, ops.reshape(ops.transpose(mixed, 1, 2), rows, batch.length(), -1));
    }

    private Norm norm(String part) {
        TensorRole role = TensorRole.of(Role.LanguageBlock, number);
        return new Norm.OnePlus(prefix + part, role, config.headSize(), config.epsilon());
    }

    /** [rows, length, heads * size] to [rows, heads, length, size]. */
    private static NDArray heads(NDArray x, int count, Ops ops) {
        return ops.transpose(ops.reshape(x, x.getShape().get(0), x.getShape().get(1), count, -1), 1, 2);
    }
}
