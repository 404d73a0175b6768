package io.vlfinetune.trainer.family.llava;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Activation;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.decoder.DecoderConfig;
import io.vlfinetune.trainer.model.decoder.DecoderKind;
import io.vlfinetune.trainer.model.encoder.ClipEmbeddings;
import io.vlfinetune.trainer.model.encoder.EncoderBlock;
import io.vlfinetune.trainer.model.encoder.EncoderConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * LLaVA's numbers, with transformers' defaults (configuration_llava.py).
 *
 * @param vision the vision tower's
 * @param text the language model's
 * @param features which of the tower's features are taken
 * @param projectorActivation between the projector's two layers
 * @param projectorBias whether its layers have a bias
 * @param tiedHead whether the output head is the embedding table
 * @param imageToken stands where an image feature goes
 * @param padToken fills rows up
 */
public record LlavaConfig(
        EncoderConfig vision,
        DecoderConfig text,
        VisionFeatures features,
        Activation projectorActivation,
        boolean projectorBias,
        boolean tiedHead,
        int imageToken,
        int padToken) {
    private static final int DEFAULT_IMAGE_TOKEN = 32000;

    /**
     * Reads config.json.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming key and value
     */
    public static LlavaConfig of(JsonNode config) {
        ConfigSection root = ConfigSection.of(config);
        if (!root.has("vision_config")) {
            throw root.refused("vision_config", "an object");
        }
        ConfigSection textSection = root.section("text_config");
        EncoderConfig vision = EncoderConfig.clip(root.section("vision_config"));
        DecoderConfig text = DecoderConfig.of(
                textSection, DecoderKind.of(textSection, DecoderKind.Llama, DecoderKind.Llama, DecoderKind.Mistral));
        int imageToken = root.integer("image_token_id", root.integer("image_token_index", DEFAULT_IMAGE_TOKEN));
        if (imageToken < 0 || imageToken >= text.vocabulary()) {
            throw root.refused(
                    root.has("image_token_id") ? "image_token_id" : "image_token_index",
                    "a token of the vocabulary, 0 to " + (text.vocabulary() - 1));
        }
        int padToken = root.integer("pad_token_id", textSection.integer("pad_token_id", 0));
        return new LlavaConfig(
                vision,
                text,
                VisionFeatures.of(root, vision.blocks()),
                Activation.of(root, "projector_hidden_act", "gelu"),
                root.flag("multimodal_projector_bias", true),
                textSection.flag("tie_word_embeddings", root.flag("tie_word_embeddings", false)),
                imageToken,
                // Padding is never attended to and has no loss: any token of the table will do.
                padToken >= 0 && padToken < text.vocabulary() ? padToken : 0);
    }

    /**
     * Its layers.
     *
     * @param aboveProjector layers between the projector and the language model
     */
    public LlavaParts parts(LlavaKeys keys, List<? extends Layer> aboveProjector) {
        List<Layer> layers = new ArrayList<>();
        layers.add(new ClipEmbeddings(keys.tower(), vision));
        for (int i = 0; i < features.blocks(); i++) {
            layers.add(features.block(new EncoderBlock(keys.tower(), i, vision)));
        }
        layers.add(new LlavaProjector(keys.projector(), this));
        layers.addAll(aboveProjector);
        return new LlavaParts(layers, unused(keys), text, tiedHead, imageToken, padToken);
    }

    /** The tower's blocks above the features, and its last norm, which belongs to CLIP's class token alone. */
    private List<LayerTensor> unused(LlavaKeys keys) {
        List<LayerTensor> tensors = new ArrayList<>();
        for (int i = features.blocks(); i < vision.blocks(); i++) {
            tensors.addAll(new EncoderBlock(keys.tower(), i, vision).declared());
        }
        tensors.addAll(LayerTensor.layerNorm(
                keys.tower() + "post_layernorm", TensorRole.of(Role.VisionNorm), vision.hidden()));
        return tensors;
    }
}
