package io.vlfinetune.api;

/** Precision of weights and arithmetic. */
public enum Precision {
    /** 32-bit floating point. */
    Float32
}
