package io.vlfinetune.trainer.prefix;

import io.vlfinetune.api.PrefixCacheMode;
import io.vlfinetune.trainer.model.FrozenPrefix;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Whether what a frozen prefix makes is stored, and why.
 *
 * @param on whether it is
 * @param cap how many bytes may be stored; 0 if nothing is
 * @param sentence the same in words
 */
public record CacheDecision(boolean on, long cap, String sentence) {
    /**
     * What reading costs at worst: scratch may be a disk in the network. A prefix that computes its result in less time is
     * not worth storing.
     */
    private static final double BYTES_PER_SECOND = 500e6;

    /** Whoever else writes to scratch wants room too. */
    private static final double SHARE_OF_FREE = 0.5;

    /**
     * What is asked.
     *
     * @param mode what is declared
     * @param unit of the prefix
     * @param samples samples of the data set
     * @param passes over the data set that are left in this phase
     * @param freeBytes what scratch has free
     * @param reservedBytes what checkpoints will take of it
     * @param storedBytes what an earlier attempt stored of the very prefix
     */
    public record Question(
            PrefixCacheMode mode,
            FrozenPrefix.Unit unit,
            long samples,
            double passes,
            long freeBytes,
            long reservedBytes,
            long storedBytes) {}

    /**
     * What the prefix cost for a few samples.
     *
     * @param samples how many
     * @param units units they have
     * @param bytes what the prefix made of them
     * @param nanoseconds how long that took
     */
    public record Measured(long samples, long units, long bytes, long nanoseconds) {}

    /**
     * Decides.
     *
     * @param measurement made only if the answer depends on it
     */
    public static CacheDecision of(Question question, Supplier<Measured> measurement) {
        if (question.mode == PrefixCacheMode.Never) {
            return off("spec.training.prefixCache is Never");
        }
        if (question.unit == FrozenPrefix.Unit.None) {
            return off("the first layer is trained");
        }
        if (question.passes <= 1 && question.storedBytes == 0) {
            return off("no sample is seen twice");
        }
        Measured measured = measurement.get();
        if (measured.units == 0) {
            return off("there is nothing frozen to compute for these samples");
        }
        if (measured.nanoseconds / 1e9 < measured.bytes / BYTES_PER_SECOND) {
            return off("frozen layers compute as fast as a disk reads");
        }
        long units = Math.ceilDiv(measured.units * question.samples, measured.samples);
        long bytes = (long) ((double) measured.bytes / measured.units * units);
        long room = Math.max(0, question.freeBytes + question.storedBytes - question.reservedBytes);
        long cap = (long) (SHARE_OF_FREE * room);
        if (cap < measured.bytes / measured.units) {
            return off("scratch has only " + mebibytes(room) + " free beside what checkpoints need");
        }
        return new CacheDecision(
                true,
                cap,
                String.format(
                        Locale.ROOT,
                        "prefix cache: %s of about %,d %s, %s%s, read from the second epoch on; %s epochs",
                        what(question.unit),
                        units,
                        question.unit == FrozenPrefix.Unit.Image ? "images" : "samples",
                        mebibytes(bytes),
                        bytes > cap
                                ? ", of which " + mebibytes(cap)
                                        + " fit into half of the scratch that checkpoints leave"
                                : "",
                        epochs(question.passes)));
    }

    private static String what(FrozenPrefix.Unit unit) {
        return switch (unit) {
            case None -> "nothing";
            case Image -> "features";
            case Sample -> "hidden states";
        };
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MiB", Math.ceilDiv(bytes, 1 << 20));
    }

    private static String epochs(double passes) {
        return passes == Math.rint(passes) ? Long.toString((long) passes) : String.format(Locale.ROOT, "%.1f", passes);
    }

    private static CacheDecision off(String why) {
        return new CacheDecision(false, 0, "prefix cache off: " + why);
    }
}
