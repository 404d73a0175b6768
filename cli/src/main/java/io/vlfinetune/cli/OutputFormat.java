package io.vlfinetune.cli;

/** What {@code -o} takes besides its absence, which means text for people. */
public enum OutputFormat {
    /** JSON, alone on standard output. */
    json
}
