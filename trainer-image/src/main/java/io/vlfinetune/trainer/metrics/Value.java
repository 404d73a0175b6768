package io.vlfinetune.trainer.metrics;

/** A number that one thread sets and another reads; not a number until it is known. */
final class Value {
    private volatile double value = Double.NaN;

    void set(double next) {
        value = next;
    }

    void set(long next) {
        value = (double) next;
    }

    double get() {
        return value;
    }
}
