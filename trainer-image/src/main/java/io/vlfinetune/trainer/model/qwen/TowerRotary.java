package io.vlfinetune.trainer.model.qwen;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Batch;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * Rotary positions in two dimensions: one half of the frequencies turns with the row, the other with the column. Always
 * in Float32, as in transformers ({@code apply_rotary_pos_emb_vision}).
 *
 * @param order of the patches
 * @param headSize size of a head, a multiple of 4
 * @param theta base of the wave lengths
 */
record TowerRotary(PatchOrder order, int headSize, double theta) {
    private enum Wave {
        Cosine,
        Sine
    }

    private record Key(TowerRotary rotary, Wave wave) {}

    /** Cosines of the angles [patches, size of a head]. */
    NDArray cosines(Ops ops, Batch batch) {
        return table(ops, batch, Wave.Cosine, Math::cos);
    }

    /** Sines of the angles [patches, size of a head]. */
    NDArray sines(Ops ops, Batch batch) {
        return table(ops, batch, Wave.Sine, Math::sin);
    }

    private NDArray table(Ops ops, Batch batch, Wave wave, DoubleUnaryOperator function) {
        return batch.derived(new Key(this, wave), ops, () -> {
            List<PatchOrder.Patch> patches = order.patches(batch);
            int places = patches.stream()
                    .mapToInt(patch -> Math.max(patch.height(), patch.width()))
                    .max()
                    .orElse(0);
            float[][] waves = waves(places, function);
            int quarter = headSize / 4;
            float[] values = new float[patches.size() * headSize];
            for (int i = 0; i < patches.size(); i++) {
                PatchOrder.Patch patch = patches.get(i);
                for (int part = 0; part < 4; part++) {
                    float[] turned = waves[part % 2 == 0 ? patch.row() : patch.column()];
                    System.arraycopy(turned, 0, values, i * headSize + part * quarter, quarter);
                }
            }
            return ops.of(values, patches.size(), headSize);
        });
    }

    /** {@code [places][size of a head / 4]}. */
    private float[][] waves(int places, DoubleUnaryOperator function) {
        int quarter = headSize / 4;
        float[][] waves = new float[places][quarter];
        for (int i = 0; i < quarter; i++) {
            float frequency = (float) (1 / Math.pow(theta, (double) i / quarter));
            for (int place = 0; place < places; place++) {
                float angle = place * frequency;
                waves[place][i] = (float) function.applyAsDouble(angle);
            }
        }
        return waves;
    }
}
