package io.vlfinetune.trainer.training;

/** Training was told to stop and wrote a checkpoint; it goes on from there. */
public final class StoppedException extends RuntimeException {
    private final long step;

    /** Stopped after so many steps. */
    StoppedException(long step) {
        super("stopped after step " + step);
        this.step = step;
    }

    /** Completed steps. */
    public long step() {
        return step;
    }
}
