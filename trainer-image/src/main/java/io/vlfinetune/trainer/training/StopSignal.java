package io.vlfinetune.trainer.training;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Whether the process was told to stop. The loop asks between pieces of work and ends with a checkpoint. Open, so that a
 * test can stop a run at an exact place.
 */
public class StopSignal {
    private final AtomicBoolean requested = new AtomicBoolean();

    /** Asks the loop to stop. */
    public void request() {
        requested.set(true);
    }

    /** Whether it was asked to stop. */
    public boolean requested() {
        return requested.get();
    }
}
