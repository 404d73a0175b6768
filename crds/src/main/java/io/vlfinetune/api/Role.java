package io.vlfinetune.api;

/** What a tensor is for. Every tensor of a checkpoint has exactly one role, and every role belongs to one part. */
public enum Role {
    /** Convolution from pixels to patches, and the class token that joins them. */
    PatchEmbedding(Part.VisionTower),
    /** Position embeddings of the vision tower. */
    VisionPosition(Part.VisionTower),
    /** One transformer block of the vision tower; numbered. */
    VisionBlock(Part.VisionTower),
    /** Norms of the vision tower outside its blocks. */
    VisionNorm(Part.VisionTower),
    /** The multi-modal projector. */
    Projector(Part.Projector),
    /** Token embedding table. */
    TokenEmbedding(Part.LanguageModel),
    /** One transformer block of the language model; numbered. */
    LanguageBlock(Part.LanguageModel),
    /** The norm after the last block of the language model. */
    LanguageNorm(Part.LanguageModel),
    /** The matrix from hidden states to vocabulary logits. */
    OutputHead(Part.LanguageModel);

    private final Part part;

    Role(Part part) {
        this.part = part;
    }

    /** The part this role belongs to. */
    public Part part() {
        return part;
    }

    /** Whether tensors of this role carry a layer number. */
    public boolean layered() {
        return this == VisionBlock || this == LanguageBlock;
    }
}
