package io.vlfinetune.trainer.processor;

import io.vlfinetune.trainer.data.Conversation;

/** Writes conversations down as one family of models does. Safe for use by several threads. */
public interface ChatTemplate {
    /**
     * The text of a whole conversation, with one mark for each image; answers and what ends them carry loss.
     *
     * @throws io.vlfinetune.trainer.TrainerException DataInvalid, with the sample's place, if the template has no place
     *     for such a conversation
     */
    RenderedText render(Conversation conversation);
}
