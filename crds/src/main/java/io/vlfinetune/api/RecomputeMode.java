package io.vlfinetune.api;

/** Whether a layer's activations are computed again in the backward pass instead of being kept. */
public enum RecomputeMode {
    /** Where the memory limit asks for it. */
    Auto,
    /** Off. (Not named so: YAML 1.1 reads the bare words On and Off as booleans.) */
    Never,
    /** In every layer that gradients flow through. */
    Always
}
