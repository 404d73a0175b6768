package io.vlfinetune.trainer.family.llavanext;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.BatchImage;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.PlainLayer;
import io.vlfinetune.trainer.weights.Weights;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Orders the features of tiles [tiles, places, hidden] as the language model reads them [features, hidden]: for each
 * image the whole of it, then its tiles joined to one map, without what only fills the canvas up, and a newline after
 * every row (transformers: {@code pack_image_features}).
 *
 * @param newline key of the newline
 * @param pinpoints the canvases
 * @param side features on each side of a tile
 * @param hidden hidden size of the language model
 */
record TileJoin(String newline, Pinpoints pinpoints, int side, long hidden) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        return List.of(LayerTensor.weight(newline, TensorRole.of(Role.Projector), hidden));
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        NDArray all = ops.concatenate(ops.reshape(x, -1, hidden), ops.reshape(w.get(newline), 1, hidden), 0);
        NDArray order = batch.derived(this, ops, () -> {
            long[] indices = indices(batch.images(), all.getShape().get(0) - 1);
            return ops.of(indices, indices.length);
        });
        return ops.select(all, 0, order);
    }

    private long[] indices(List<BatchImage> images, long newlineAt) {
        LongStream indices = LongStream.empty();
        long first = 0;
        for (BatchImage image : images) {
            TileMap map = TileMap.of(new Resolution(image.height(), image.width()), pinpoints, side);
            indices = LongStream.concat(indices, Arrays.stream(map.indices(first, newlineAt)));
            first += (long) image.pieces() * side * side;
        }
        return indices.toArray();
    }
}
