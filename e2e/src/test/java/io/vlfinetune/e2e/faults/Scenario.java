package io.vlfinetune.e2e.faults;

import io.vlfinetune.api.Phase;

/** A whole life of a run, and what its user does meanwhile. */
enum Scenario {
    /** Trained at the first attempt. */
    Normal("fine"),
    /** Fails for good. */
    Failing("exit-11"),
    /** Fails once and is tried again. */
    FailingOnce("once-exit-30"),
    /** Loses its pod to one that matters more, and goes on. */
    Preempted("preempted"),
    /** Is suspended while it trains, and resumed. */
    Suspended("sleep-first") {
        @Override
        void use(User user) {
            user.await(Phase.Running);
            user.suspend(true);
            user.await(Phase.Suspended);
            user.suspend(false);
        }
    },
    /** Is deleted while it trains. */
    Deleted("sleep") {
        @Override
        void use(User user) {
            user.await(Phase.Running);
            user.delete();
        }
    };

    private final String wish;

    Scenario(String wish) {
        this.wish = wish;
    }

    /** What its trainer is to do. */
    String wish() {
        return wish;
    }

    /** What the user does after the run was created. */
    void use(User user) {}

    /** Whether nothing is left at the end. */
    boolean endsInNothing() {
        return this == Deleted;
    }
}
