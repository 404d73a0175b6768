package io.vlfinetune.api;

/** Precision of weights and arithmetic. */
public enum Precision {
    /** 16-bit brain floating point; what is trained has Float32 master copies and optimizer state. */
    BFloat16,
    /** 32-bit floating point. */
    Float32
}
