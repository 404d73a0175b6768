package io.vlfinetune.trainer.family.llava;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.ClipImageProcessor;
import io.vlfinetune.trainer.data.ModelJson;
import io.vlfinetune.trainer.data.Tokenizer;
import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * How LLaVA's images and ends of turns appear among the tokens. What the processor's file leaves out is taken from the
 * model's, because the model decides how many features there are.
 *
 * @param imageToken as it is written
 * @param imageTokenId its id
 * @param tokensPerImage how many of them stand for one image
 * @param endToken what ends an answer, as it is written
 */
record LlavaTokens(String imageToken, int imageTokenId, int tokensPerImage, String endToken) {
    private static final String DEFAULT_STRATEGY = "default";
    private static final String FULL_STRATEGY = "full";

    static LlavaTokens read(Path modelFolder, Tokenizer tokenizer, ClipImageProcessor images) {
        ModelJson config = ModelJson.read(modelFolder, "config.json");
        ModelJson processor = ModelJson.read(modelFolder, "processor_config.json");
        ModelJson words = ModelJson.read(modelFolder, "tokenizer_config.json");
        String imageToken = first(words.text("image_token"), first(processor.text("image_token"), "<image>"));
        int id = idOf(tokenizer, words, imageToken);
        String idKey = config.has("image_token_index") ? "image_token_index" : "image_token_id";
        if (config.count(idKey, id) != id) {
            throw config.unsupported(
                    idKey,
                    "is %s, but the tokenizer's %s is %d"
                            .formatted(config.json().get(idKey), imageToken, id));
        }
        String endToken = first(words.text("eos_token"), "</s>");
        idOf(tokenizer, words, endToken);
        return new LlavaTokens(imageToken, id, tokensPerImage(config, processor, images), endToken);
    }

    private static int tokensPerImage(ModelJson config, ModelJson processor, ClipImageProcessor images) {
        // Defaults: LlavaConfig's vision configuration when there is none, CLIPVisionConfig's when a field is missing.
        ModelJson vision = config.within("vision_config");
        int size = vision.positive("image_size", config.has("vision_config") ? 224 : 336);
        int patch = vision.positive("patch_size", config.has("vision_config") ? 32 : 14);
        if (processor.positive("patch_size", patch) != patch) {
            throw processor.unsupported(
                    "patch_size",
                    "is %s, but the vision tower's is %d"
                            .formatted(processor.json().get("patch_size"), patch));
        }
        OptionalInt made = images.squareSize();
        if (made.isEmpty() || made.getAsInt() != size) {
            throw new TrainerException(
                    Reason.ModelUnsupported,
                    "%s makes images of %s, but the vision tower takes %d x %d pixels"
                            .formatted(
                                    config.file().resolveSibling("preprocessor_config.json"),
                                    made.isEmpty()
                                            ? "varying size"
                                            : made.getAsInt() + " x " + made.getAsInt() + " pixels",
                                    size,
                                    size));
        }
        // CLIP's class token: older processor files do not mention it.
        if (processor.count("num_additional_image_tokens", 1) != 1) {
            throw processor.unsupported(
                    "num_additional_image_tokens",
                    "is %s, but a CLIP vision tower adds 1, its class token"
                            .formatted(processor.json().get("num_additional_image_tokens")));
        }
        int patches = (size / patch) * (size / patch);
        return strategy(config, processor).equals(FULL_STRATEGY) ? patches + 1 : patches;
    }

    private static String strategy(ModelJson config, ModelJson processor) {
        String key = "vision_feature_select_strategy";
        String model = first(config.text(key), DEFAULT_STRATEGY);
        if (!model.equals(DEFAULT_STRATEGY) && !model.equals(FULL_STRATEGY)) {
            throw config.unsupported(key, "is \"" + model + "\"; supported are default and full");
        }
        String asked = first(processor.text(key), model);
        if (!asked.equals(model)) {
            throw processor.unsupported(key, "is \"" + asked + "\", but config.json has \"" + model + "\"");
        }
        return model;
    }

    private static int idOf(Tokenizer tokenizer, ModelJson words, String token) {
        return tokenizer
                .idOf(token)
                .orElseThrow(() -> new TrainerException(
                        Reason.ModelUnsupported,
                        words.file().resolveSibling("tokenizer.json") + " has no token " + token));
    }

    private static String first(@Nullable String given, String otherwise) {
        return Objects.requireNonNullElse(given, otherwise);
    }
}
