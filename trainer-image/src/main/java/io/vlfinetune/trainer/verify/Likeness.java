package io.vlfinetune.trainer.verify;

/** What became of a tensor of the base model. */
public enum Likeness {
    /** The same type, the same bits. */
    Identical,
    /** The same numbers, stored in another type. */
    StoredOtherwise,
    /** Other numbers. */
    Changed,
    /** Another shape. */
    Reshaped,
    /** Not there. */
    Missing
}
