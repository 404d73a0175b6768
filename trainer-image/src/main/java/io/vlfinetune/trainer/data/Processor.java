package io.vlfinetune.trainer.data;

/** Makes a model family's inputs from a conversation. Safe for use by several threads. */
public interface Processor extends AutoCloseable {
    /**
     * Encodes one conversation.
     *
     * @throws io.vlfinetune.trainer.TrainerException DataInvalid, with the sample's place, when an image is broken or the
     *     sample is longer than allowed
     */
    EncodedSample encode(Conversation conversation);

    /** Frees what it holds; a processor without native memory holds nothing. */
    @Override
    default void close() {}
}
