package io.vlfinetune.api;

/** Whether what frozen layers compute is stored and read again in later epochs. */
public enum PrefixCacheMode {
    /** Where it pays and fits the scratch volume. */
    Auto,
    /** Off. (Not named so: YAML 1.1 reads the bare word as a boolean.) */
    Never
}
