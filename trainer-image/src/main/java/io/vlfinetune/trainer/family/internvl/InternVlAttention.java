package io.vlfinetune.trainer.family.internvl;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.model.block.FullAttention;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * Attention of every place of a tile to every place, with queries and keys normed over all heads where the tower does
 * so: takes queries, keys and values [tiles, places, hidden] from what is carried, and carries their mixture.
 *
 * @param prefix of its keys
 * @param role of its tensors
 * @param config the tower's numbers
 */
record InternVlAttention(String prefix, TensorRole role, InternVlVision config) implements Layer {
    /** The default of transformers' norm, which the tower does not change here. */
    private static final double EPSILON = 1e-6;

    @Override
    public List<LayerTensor> declared() {
        long hidden = config.encoder().hidden();
        return config.normsQueries()
                ? List.of(
                        LayerTensor.norm(prefix + "q_norm.weight", role, hidden),
                        LayerTensor.norm(prefix + "k_norm.weight", role, hidden))
                : List.of();
    }

    @Override
    public boolean isCheap(DType precision) {
        return attention().isCheap(precision);
    }

    /** What attention keeps, and normed queries and keys. */
    @Override
    public Footprint footprint(Widths input) {
        Footprint plain = attention().footprint(input);
        long normed = config.normsQueries() ? 2 * config.encoder().hidden() : 0;
        return new Footprint(plain.output(), plain.kept() + normed).within(plain.within() + normed);
    }

    @Override
    public Flow forward(Flow input, Weights w, Batch batch) {
        List<NDArray> carried = new ArrayList<>(input.carried());
        if (config.normsQueries()) {
            carried.set(0, w.ops().rmsNorm(carried.get(0), w.get(prefix + "q_norm.weight"), EPSILON));
            carried.set(1, w.ops().rmsNorm(carried.get(1), w.get(prefix + "k_norm.weight"), EPSILON));
        }
        return attention().forward(new Flow(input.hidden(), carried), w, batch);
    }

    private FullAttention attention() {
        return new FullAttention(config.encoder().heads());
    }
}
