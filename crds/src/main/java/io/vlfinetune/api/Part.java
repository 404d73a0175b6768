package io.vlfinetune.api;

/** The three parts every vision-language model of the LLaVA kind consists of. */
public enum Part {
    /** Patch embedding, position embeddings, blocks and norms of the vision encoder. */
    VisionTower,
    /** What maps image features to the language model's width. */
    Projector,
    /** Token embedding, blocks, final norm and output head of the decoder. */
    LanguageModel
}
