package io.vlfinetune.trainer.data;

/**
 * The order of samples in each epoch: a Fisher–Yates shuffle driven by SplitMix64, written out so that a seed means the
 * same order on every JDK. An epoch's order depends on nothing but size, seed and epoch, so a resumed run finds it again.
 *
 * @param size number of samples
 * @param seed the run's seed
 */
public record Order(int size, long seed) {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    /** The indices 0 to size - 1 in the order of an epoch, counted from 0. */
    public int[] epoch(int epoch) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            order[i] = i;
        }
        long state = mix(mix(seed + GOLDEN_GAMMA) + (epoch + 1) * GOLDEN_GAMMA);
        for (int i = size - 1; i > 0; i--) {
            state += GOLDEN_GAMMA;
            int other = (int) Math.unsignedMultiplyHigh(mix(state), i + 1L); // bias below 2^-32
            int kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
        return order;
    }

    /** Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014. */
    private static long mix(long value) {
        long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }
}
