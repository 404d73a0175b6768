package io.vlfinetune.trainer.family;

import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Path;

/** A kind of checkpoint that can be trained. */
public interface Family {
    /** {@link #layoutFreeKey} of an output head, in every family. */
    String HEAD = "lm_head.weight";

    /** Its name, which is config.json's {@code model_type}. */
    String name();

    /**
     * Reads configuration and headers, without the engine.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported if a tensor has no role, is missing, or has
     *     another shape than the configuration says, or if the configuration asks for what is not supported; the message
     *     names it
     */
    Blueprint blueprint(Checkpoint checkpoint);

    /**
     * Opens what makes this model's inputs.
     *
     * @param folder the model's folder
     * @param media where images lie
     * @param maxLength longest sample in tokens
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported if tokenizer, template or preprocessing are not
     *     supported
     */
    ChatProcessor processor(Path folder, MediaRoot media, int maxLength);

    /**
     * A tensor's key in a spelling that is the same whatever layout its checkpoint has, so that tensors of two
     * checkpoints can be told to be the same one. No layout's own: only to be compared.
     */
    String layoutFreeKey(String key);
}
