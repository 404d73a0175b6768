package io.vlfinetune.trainer.model.encoder;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.model.Activation;
import io.vlfinetune.trainer.model.Batch;
import java.util.List;

/**
 * A vision tower's numbers.
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
public record EncoderConfig(
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
     * Reads {@code vision_config} with the defaults of CLIP (configuration_clip.py, {@code CLIPVisionConfig}).
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming key and value
     */
    public static EncoderConfig clip(ConfigSection config) {
        config.requireText("model_type", "clip_vision_model");
        config.requireNumber("dropout", 0);
        return of(config, new Defaults(768, 3072, 12, 12, 224, 32, 1e-5, "quick_gelu"));
    }

    /**
     * Reads {@code vision_config} with the defaults of SigLIP (configuration_siglip.py, {@code SiglipVisionConfig}).
     *
     * @param modelType the {@code model_type} it may have
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming key and value
     */
    public static EncoderConfig siglip(ConfigSection config, String modelType) {
        config.requireText("model_type", modelType);
        return of(config, new Defaults(768, 3072, 12, 12, 224, 16, 1e-6, "gelu_pytorch_tanh"));
    }

    /**
     * Reads {@code vision_config} with the defaults of Idefics3 and SmolVLM, whose tower is SigLIP's
     * (configuration_idefics3.py, {@code Idefics3VisionConfig}).
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming key and value
     */
    public static EncoderConfig idefics3(ConfigSection config) {
        // Published checkpoints have the name of the whole model here, those of transformers 5 the tower's.
        if (!List.of("idefics3", "idefics3_vision", "smolvlm", "smolvlm_vision")
                .contains(config.text("model_type", "idefics3_vision"))) {
            throw config.refused("model_type", "idefics3, idefics3_vision, smolvlm, smolvlm_vision");
        }
        return of(config, new Defaults(1152, 3072, 12, 16, 224, 32, 1e-6, "gelu_pytorch_tanh"));
    }

    private record Defaults(
            int hidden,
            int intermediate,
            int blocks,
            int heads,
            int image,
            int patch,
            double epsilon,
            String activation) {}

    private static EncoderConfig of(ConfigSection config, Defaults defaults) {
        config.requireNumber("attention_dropout", 0);
        int hidden = config.positive("hidden_size", defaults.hidden);
        int heads = config.positive("num_attention_heads", defaults.heads);
        if (hidden % heads != 0) {
            throw config.refused("num_attention_heads", "a divisor of hidden_size " + hidden);
        }
        int image = config.positive("image_size", defaults.image);
        int patch = config.positive("patch_size", defaults.patch);
        if (patch > image) {
            throw config.refused("patch_size", "at most image_size " + image);
        }
        if (config.positive("num_channels", 3) != 3) {
            throw config.refused("num_channels", "3");
        }
        return new EncoderConfig(
                hidden,
                config.positive("intermediate_size", defaults.intermediate),
                config.positive("num_hidden_layers", defaults.blocks),
                heads,
                3,
                image,
                patch,
                config.number("layer_norm_eps", defaults.epsilon),
                Activation.of(config, "hidden_act", defaults.activation));
    }

    /** Patches on each side of an image. */
    public int side() {
        return image / patch;
    }

    /** Patches of one image. */
    public int patches() {
        return side() * side();
    }

    /** Refuses pixels [images, 3, height, width] of another size than the tower's positions are for. */
    void requireSize(NDArray pixels, Batch batch) {
        long height = pixels.getShape().get(2);
        long width = pixels.getShape().get(3);
        if (height != image || width != image) {
            throw new TrainerException(
                    Reason.ModelUnsupported,
                    batch.samples().getFirst() + ": images have " + height + " x " + width
                            + " pixels after preprocessing, but vision_config.image_size is " + image
                            + "; preprocessor_config.json and config.json must agree");
        }
    }
}
