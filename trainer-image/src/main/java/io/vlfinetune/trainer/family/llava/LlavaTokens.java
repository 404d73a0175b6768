package io.vlfinetune.trainer.family.llava;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.processor.Tokenizer;
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
 * @param tokensPerTile how many of them stand for one tile, as large as the vision tower takes it
 * @param endToken what ends an answer, as it is written
 */
public record LlavaTokens(String imageToken, int imageTokenId, int tokensPerTile, String endToken) {
    private static final String DEFAULT_STRATEGY = "default";
    private static final String FULL_STRATEGY = "full";

    /**
     * Reads a model folder.
     *
     * @param made pixels on each side of what preprocessing makes, if that is one size and a square
     * @throws TrainerException ModelUnsupported when the files contradict each other
     */
    public static LlavaTokens read(Path modelFolder, Tokenizer tokenizer, OptionalInt made) {
        ConfigSection config = ConfigSection.read(modelFolder, "config.json");
        ConfigSection processor = ConfigSection.read(modelFolder, "processor_config.json");
        ConfigSection words = ConfigSection.read(modelFolder, "tokenizer_config.json");
        String imageToken = first(words.token("image_token"), first(processor.token("image_token"), "<image>"));
        int id = tokenizer.requireId(imageToken);
        String idKey = config.has("image_token_index") ? "image_token_index" : "image_token_id";
        if (config.count(idKey, id) != id) {
            throw config.unsupported(idKey, "the tokenizer's %s is %d".formatted(imageToken, id));
        }
        String endToken = first(words.token("eos_token"), "</s>");
        tokenizer.requireId(endToken);
        return new LlavaTokens(imageToken, id, tokensPerTile(modelFolder, config, processor, made), endToken);
    }

    private static int tokensPerTile(
            Path modelFolder, ConfigSection config, ConfigSection processor, OptionalInt made) {
        // Defaults: LlavaConfig's vision configuration when there is none, CLIPVisionConfig's when a field is missing.
        ConfigSection vision = config.section("vision_config");
        int size = vision.positive("image_size", config.has("vision_config") ? 224 : 336);
        int patch = vision.positive("patch_size", config.has("vision_config") ? 32 : 14);
        if (processor.positive("patch_size", patch) != patch) {
            throw processor.unsupported("patch_size", "the vision tower's is " + patch);
        }
        if (made.isEmpty() || made.getAsInt() != size) {
            throw new TrainerException(
                    Reason.ModelUnsupported,
                    "%s makes images of %s, but the vision tower takes %d x %d pixels"
                            .formatted(
                                    modelFolder.resolve("preprocessor_config.json"),
                                    made.isEmpty()
                                            ? "varying size"
                                            : made.getAsInt() + " x " + made.getAsInt() + " pixels",
                                    size,
                                    size));
        }
        // CLIP's class token: older processor files do not mention it.
        if (processor.count("num_additional_image_tokens", 1) != 1) {
            throw processor.unsupported("num_additional_image_tokens", "a CLIP vision tower adds 1, its class token");
        }
        int patches = (size / patch) * (size / patch);
        return strategy(config, processor).equals(FULL_STRATEGY) ? patches + 1 : patches;
    }

    private static String strategy(ConfigSection config, ConfigSection processor) {
        String key = "vision_feature_select_strategy";
        String model = first(config.token(key), DEFAULT_STRATEGY);
        if (!model.equals(DEFAULT_STRATEGY) && !model.equals(FULL_STRATEGY)) {
            throw config.refused(key, "default, full");
        }
        String asked = first(processor.token(key), model);
        if (!asked.equals(model)) {
            throw processor.unsupported(key, "config.json has \"" + model + "\"");
        }
        return model;
    }

    private static String first(@Nullable String given, String otherwise) {
        return Objects.requireNonNullElse(given, otherwise);
    }
}
