package io.vlfinetune.api;

/** Whether what frozen layers compute is stored and read again in later epochs. */
public enum PrefixCacheMode {
    /** Where it pays and fits the scratch volume. */
    Auto,
    /** Never. */
    Off
}
