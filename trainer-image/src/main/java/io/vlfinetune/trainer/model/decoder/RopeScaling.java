package io.vlfinetune.trainer.model.decoder;

import io.vlfinetune.trainer.config.ConfigSection;

/** How a decoder's rotary frequencies were changed for longer texts (transformers: modeling_rope_utils.py). */
public sealed interface RopeScaling {
    /** The frequency that replaces one of the unscaled ones; all in Float32 as in transformers. */
    float scaled(float frequency);

    /** The longest text it holds for. */
    default int longest() {
        return Integer.MAX_VALUE;
    }

    /**
     * Every frequency divided; by 1 if they are as they were.
     *
     * @param factor what by
     */
    record Linear(double factor) implements RopeScaling {
        @Override
        public float scaled(float frequency) {
            return factor == 1 ? frequency : (float) (frequency / factor);
        }
    }

    /**
     * Unchanged up to a length; above it frequencies would depend on the text's length, which is not supported.
     *
     * @param longest that length
     */
    record Dynamic(int longest) implements RopeScaling {
        @Override
        public float scaled(float frequency) {
            return frequency;
        }
    }

    /**
     * Llama 3's: long waves divided, short ones kept, those between mixed.
     *
     * @param factor what long waves are divided by
     * @param low where long waves begin, in waves per original context
     * @param high where short waves end, in waves per original context
     * @param context the original context's length
     */
    record Llama3(double factor, double low, double high, double context) implements RopeScaling {
        @Override
        public float scaled(float frequency) {
            float wave = (float) (2 * Math.PI / frequency);
            if (wave > context / low) {
                return (float) (frequency / factor);
            }
            if (wave < context / high) {
                return frequency;
            }
            float smooth = (float) ((context / wave - low) / (high - low));
            return (float) ((1 - smooth) * frequency / factor + smooth * frequency);
        }
    }

    /**
     * Reads it from {@code rope_parameters} (transformers 5) or {@code rope_scaling} (before).
     *
     * @param config the decoder's section
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported for any other type
     */
    static RopeScaling of(ConfigSection config) {
        return of(config.section(config.has("rope_parameters") ? "rope_parameters" : "rope_scaling"), config);
    }

    /**
     * Reads it from the section that holds it.
     *
     * @param rope that section
     * @param config the decoder's section
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported for any other type
     */
    static RopeScaling of(ConfigSection rope, ConfigSection config) {
        String key = rope.has("rope_type") ? "rope_type" : "type";
        return switch (rope.text(key, "default")) {
            case "default" -> new Linear(1);
            case "linear" -> new Linear(factor(rope));
            case "dynamic" -> new Dynamic(config.positive("max_position_embeddings", 2048));
            case "llama3" ->
                new Llama3(
                        factor(rope),
                        rope.number("low_freq_factor", 1),
                        rope.number("high_freq_factor", 4),
                        rope.number("original_max_position_embeddings", 8192));
            default -> throw rope.refused(key, "default, linear, dynamic, llama3");
        };
    }

    private static double factor(ConfigSection rope) {
        double factor = rope.number("factor", 0);
        if (!(factor >= 1)) {
            throw rope.refused("factor", "a number of at least 1");
        }
        return factor;
    }
}
