package io.vlfinetune.trainer.processor;

import io.vlfinetune.trainer.config.ConfigSection;
import java.nio.file.Path;

/** The settings of a model folder's image processor. */
public final class ImageSettings {
    private ImageSettings() {}

    /**
     * Looks where transformers looks, in its order (image_processing_base.py): transformers 5 nests them in
     * {@code processor_config.json}, before they were a file of their own.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported when a file is not a JSON object
     */
    public static ConfigSection read(Path modelFolder) {
        ConfigSection processor = ConfigSection.read(modelFolder, "processor_config.json");
        return processor.has("image_processor")
                ? processor.section("image_processor")
                : ConfigSection.read(modelFolder, "preprocessor_config.json");
    }
}
