package io.vlfinetune.trainer.model.clip;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.model.Activation;

/**
 * A CLIP vision tower's numbers, with transformers' defaults (configuration_clip.py, {@code CLIPVisionConfig}).
 *
 * @param hidden hidden size
 * @param intermediate width of the perceptron
 * @param blocks how many blocks the checkpoint has
 * @param heads attention heads
 * @param channels colours of a pixel
 * @param image pixels on each side of an image
 * @param patch pixels on each side of a patch
 * @param epsilon of the layer norms
 * @param activation of the perceptron
 */
public record ClipConfig(
        int hidden,
        int intermediate,
        int blocks,
        int heads,
        int channels,
        int image,
        int patch,
        double epsilon,
        Activation activation) {
    /**
     * Reads {@code vision_config}.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming key and value
     */
    public static ClipConfig of(ConfigSection config) {
        config.requireText("model_type", "clip_vision_model");
        config.requireNumber("attention_dropout", 0);
        config.requireNumber("dropout", 0);
        int hidden = config.positive("hidden_size", 768);
        int heads = config.positive("num_attention_heads", 12);
        if (hidden % heads != 0) {
            throw config.refused("num_attention_heads", "a divisor of hidden_size " + hidden);
        }
        int image = config.positive("image_size", 224);
        int patch = config.positive("patch_size", 32);
        if (patch > image) {
            throw config.refused("patch_size", "at most image_size " + image);
        }
        if (config.positive("num_channels", 3) != 3) {
            throw config.refused("num_channels", "3");
        }
        return new ClipConfig(
                hidden,
                config.positive("intermediate_size", 3072),
                config.positive("num_hidden_layers", 12),
                heads,
                3,
                image,
                patch,
                config.number("layer_norm_eps", 1e-5),
                Activation.of(config, "hidden_act", "quick_gelu"));
    }

    /** Patches of one image. */
    public int patches() {
        int side = image / patch;
        return side * side;
    }
}
