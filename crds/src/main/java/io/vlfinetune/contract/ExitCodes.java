package io.vlfinetune.contract;

/** Exit codes of the trainer that are no failure; those of failures stand in {@link Reason}. */
public final class ExitCodes {
    /** The output is committed. */
    public static final int DONE = 0;
    /** Usage error of a command line. */
    public static final int USAGE = 2;
    /** Stopped by SIGTERM after a checkpoint; the run resumes there. */
    public static final int STOPPED = 40;

    private ExitCodes() {}
}
