package io.vlfinetune.trainer.model.qwen;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.decoder.Rotary;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * Rotary positions on three axes, time, row and column, each of which turns some of the frequencies: arrays
 * [rows, 1, length, size of a head]. Text stands at the same place on all of them.
 *
 * @param headSize size of a head
 * @param theta base of the wave lengths
 * @param sections how many frequencies each axis turns
 * @param interleaved whether the axes take turns; if not, each has its stretch of frequencies
 */
public record MultimodalRotary(int headSize, double theta, List<Integer> sections, boolean interleaved)
        implements Rotary {
    private enum Wave {
        Cosine,
        Sine
    }

    private record Key(MultimodalRotary rotary, Wave wave, DType precision) {}

    /** Copies the list. */
    public MultimodalRotary {
        sections = List.copyOf(sections);
    }

    /**
     * Reads {@code rope_scaling} (published configurations) or {@code rope_parameters} (transformers 5).
     *
     * @param config the decoder's section
     * @param headSize size of a head
     * @param absent sections and theta where the configuration says nothing
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming key and value
     */
    public static MultimodalRotary of(ConfigSection config, int headSize, MultimodalRotary absent) {
        ConfigSection rope = config.section(config.has("rope_scaling") ? "rope_scaling" : "rope_parameters");
        for (String key : List.of("rope_type", "type")) {
            String type = rope.text(key, "default");
            if (!type.equals("default") && !type.equals("mrope")) {
                throw rope.refused(key, "\"default\", \"mrope\"");
            }
        }
        rope.requireNumber("partial_rotary_factor", 1);
        if (rope.flag("mrope_interleaved", absent.interleaved) != absent.interleaved) {
            throw rope.refused("mrope_interleaved", Boolean.toString(absent.interleaved));
        }
        List<Integer> sections = rope.counts("mrope_section", absent.sections);
        if (sections.size() != 3
                || sections.stream().mapToInt(Integer::intValue).sum() != headSize / 2) {
            throw rope.refused("mrope_section", "three numbers that add up to half a head, " + headSize / 2);
        }
        double theta = rope.number("rope_theta", config.number("rope_theta", absent.theta));
        if (!(theta > 0)) {
            throw config.refused("rope_theta", "a number above 0");
        }
        return new MultimodalRotary(headSize, theta, sections, absent.interleaved);
    }

    @Override
    public NDArray cosines(Weights weights, Batch batch) {
        return table(weights, batch, Wave.Cosine, Math::cos);
    }

    @Override
    public NDArray sines(Weights weights, Batch batch) {
        return table(weights, batch, Wave.Sine, Math::sin);
    }

    private NDArray table(Weights weights, Batch batch, Wave wave, DoubleUnaryOperator function) {
        Ops ops = weights.ops();
        return batch.derived(new Key(this, wave, weights.precision()), ops, () -> {
            int half = headSize / 2;
            int places = batch.rows() * batch.length();
            float[] values = new float[places * headSize];
            for (int i = 0; i < half; i++) {
                float frequency = (float) (1 / Math.pow(theta, 2.0 * i / headSize));
                int axis = axis(i);
                for (int place = 0; place < places; place++) {
                    float angle = position(batch, axis, place) * frequency;
                    float value = (float) function.applyAsDouble(angle);
                    values[place * headSize + i] = value;
                    values[place * headSize + half + i] = value;
                }
            }
            NDArray exact = ops.of(values, batch.rows(), 1, batch.length(), headSize);
            return ops.cast(exact, weights.precision());
        });
    }

    private static long position(Batch batch, int axis, int place) {
        // A batch of text alone has no axes.
        return batch.positions().length == 0 ? place % batch.length() : batch.positions()[axis][place];
    }

    /** The axis that turns a frequency: 0 time, 1 row, 2 column. */
    int axis(int frequency) {
        if (interleaved) {
            int axis = frequency % 3;
            return frequency < 3 * sections.get(axis) ? axis : 0;
        }
        return frequency < sections.get(0) ? 0 : frequency < sections.get(0) + sections.get(1) ? 1 : 2;
    }
}
