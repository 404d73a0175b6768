package io.vlfinetune.trainer.model.qwen;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.PlainLayer;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * Adds learned positions to [patches, hidden]: a square of them stretched over each image, corner to corner, bilinear
 * (transformers: vision_utils.py, {@code get_vision_interpolation_indices_and_weights}).
 *
 * @param tower prefix of the tower's keys
 * @param config the tower's numbers
 */
public record PatchPositions(String tower, TowerConfig config) implements PlainLayer {
    private static final int CORNERS = 4;

    private record Key(PatchPositions positions, int corner, boolean weights) {}

    /**
     * Where a place lies between two of the square.
     *
     * @param first the one before it
     * @param second the one after it, or the same at the end
     * @param share how far it is on the way to the second, 0 to 1
     */
    record Between(int first, int second, float share) {
        /** A place of as many as the image has, on a side of as many as the square has. */
        static Between of(int place, int places, int side) {
            float at = (float) place * (side - 1) / Math.max(places - 1, 1);
            int first = (int) Math.floor(at);
            return new Between(first, Math.min(first + 1, side - 1), at - first);
        }

        int place(int corner) {
            return corner == 0 ? first : second;
        }

        float weight(int corner) {
            return corner == 0 ? 1 - share : Math.max(0, 1 - Math.abs(share - 1));
        }
    }

    @Override
    public List<LayerTensor> declared() {
        long places = (long) config.side() * config.side();
        return List.of(LayerTensor.weight(key(), TensorRole.of(Role.VisionPosition), places, config.hidden()));
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        NDArray table = ops.cast(w.get(key()), DType.F32);
        NDArray sum = corner(table, 0, ops, batch);
        for (int corner = 1; corner < CORNERS; corner++) {
            sum = ops.add(sum, corner(table, corner, ops, batch));
        }
        return ops.add(x, ops.cast(sum, w.precision()));
    }

    private NDArray corner(NDArray table, int corner, Ops ops, Batch batch) {
        NDArray places = batch.derived(new Key(this, corner, false), ops, () -> places(corner, ops, batch));
        NDArray weights = batch.derived(new Key(this, corner, true), ops, () -> weights(corner, ops, batch));
        return ops.multiply(ops.select(table, 0, places), weights);
    }

    private NDArray places(int corner, Ops ops, Batch batch) {
        List<PatchOrder.Patch> patches = config.order().patches(batch);
        long[] places = new long[patches.size()];
        for (int i = 0; i < places.length; i++) {
            places[i] = (long) row(patches.get(i)).place(corner / 2) * config.side()
                    + column(patches.get(i)).place(corner % 2);
        }
        return ops.of(places, places.length);
    }

    private NDArray weights(int corner, Ops ops, Batch batch) {
        List<PatchOrder.Patch> patches = config.order().patches(batch);
        float[] weights = new float[patches.size()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = row(patches.get(i)).weight(corner / 2)
                    * column(patches.get(i)).weight(corner % 2);
        }
        return ops.of(weights, weights.length, 1);
    }

    private Between row(PatchOrder.Patch patch) {
        return Between.of(patch.row(), patch.height(), config.side());
    }

    private Between column(PatchOrder.Patch patch) {
        return Between.of(patch.column(), patch.width(), config.side());
    }

    private String key() {
        return tower + "pos_embed.weight";
    }
}
