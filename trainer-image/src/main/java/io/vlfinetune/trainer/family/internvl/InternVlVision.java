package io.vlfinetune.trainer.family.internvl;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.model.Activation;
import io.vlfinetune.trainer.model.encoder.EncoderConfig;

/**
 * The vision tower's numbers, with transformers' defaults (configuration_internvl.py, {@code InternVLVisionConfig}).
 *
 * @param encoder what it has in common with other towers
 * @param queryBias whether queries, keys and values have biases
 * @param normsQueries whether queries and keys are normed, all heads together
 * @param rmsNorm whether a block's norms are root mean square norms
 * @param positions whether patches have position embeddings
 * @param maskToken whether the checkpoint has a mask token, which images without masks do not need
 * @param lastNorm whether a norm follows the last block
 */
record InternVlVision(
        EncoderConfig encoder,
        boolean queryBias,
        boolean normsQueries,
        boolean rmsNorm,
        boolean positions,
        boolean maskToken,
        boolean lastNorm) {
    static InternVlVision of(ConfigSection config) {
        config.requireText("model_type", "internvl_vision");
        config.requireNumber("hidden_dropout_prob", 0);
        config.requireNumber("attention_dropout", 0);
        config.requireNumber("projection_dropout", 0);
        String norm = config.text("norm_type", "layer_norm");
        if (!norm.equals("layer_norm") && !norm.equals("rms_norm")) {
            throw config.refused("norm_type", "\"layer_norm\", \"rms_norm\"");
        }
        return new InternVlVision(
                encoder(config),
                config.flag("attention_bias", false),
                config.flag("use_qk_norm", false),
                norm.equals("rms_norm"),
                config.flag("use_absolute_position_embeddings", true),
                config.flag("use_mask_token", false),
                !config.flag("use_mean_pooling", true));
    }

    private static EncoderConfig encoder(ConfigSection config) {
        int hidden = config.positive("hidden_size", 1024);
        int heads = config.positive("num_attention_heads", 16);
        if (hidden % heads != 0) {
            throw config.refused("num_attention_heads", "a divisor of hidden_size " + hidden);
        }
        if (config.positive("num_channels", 3) != 3) {
            throw config.refused("num_channels", "3");
        }
        int image = edge(config, "image_size", 448);
        int patch = edge(config, "patch_size", 14);
        if (patch > image) {
            throw config.refused("patch_size", "at most image_size " + image);
        }
        return new EncoderConfig(
                hidden,
                config.positive("intermediate_size", 4096),
                config.positive("num_hidden_layers", 24),
                heads,
                3,
                image,
                patch,
                config.number("layer_norm_eps", 1e-6),
                Activation.of(config, "hidden_act", "gelu"));
    }

    /** A number, or height and width, which must be equal. */
    private static int edge(ConfigSection config, String key, int absent) {
        JsonNode value = config.value(key).orElse(null);
        if (value == null || !value.isArray()) {
            return config.positive(key, absent);
        }
        boolean square =
                value.size() == 2 && value.get(0).isInt() && value.get(0).equals(value.get(1));
        if (!square || value.get(0).asInt() < 1) {
            throw config.refused(key, "a square");
        }
        return value.get(0).asInt();
    }
}
