package io.vlfinetune.api;

/** How one line of a data file describes a conversation about images. */
public enum DataFormat {
    /** Told from the keys of the first line. */
    Auto,
    /** {@code messages} with {@code role} and {@code content}; content is a string or OpenAI parts; images beside it. */
    Messages,
    /** {@code conversations} with {@code from} and {@code value}, and {@code images}, as LLaMA-Factory reads it. */
    ShareGPT,
    /** {@code conversations} with {@code from} and {@code value}, and one {@code image}, as LLaVA publishes it. */
    LLaVA
}
