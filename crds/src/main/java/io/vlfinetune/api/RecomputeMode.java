package io.vlfinetune.api;

/** Whether a layer's activations are computed again in the backward pass instead of being kept. */
public enum RecomputeMode {
    /** Where the memory limit asks for it. */
    Auto,
    /** Never. */
    Off,
    /** In every layer that gradients flow through. */
    On
}
