package io.vlfinetune.trainer.data;

/** Whose turn it is. */
public enum Speaker {
    /** Instructions before the conversation. */
    System,
    /** The one who asks and shows images. */
    User,
    /** The one who is being trained: only its words carry loss. */
    Assistant
}
