package io.vlfinetune.trainer.training;

import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Order;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which samples every optimizer step takes. Each epoch is shuffled anew and its last step takes what is left. A step's
 * samples follow from its number alone, so a resumed run goes on exactly where it stopped.
 *
 * @param order order of the samples in each epoch
 * @param samplesPerStep batch size times accumulation
 * @param totalSteps steps of the whole run
 */
public record StepSamples(Order order, int samplesPerStep, long totalSteps) {
    /**
     * Reads a declaration.
     *
     * @throws TrainerException InvalidSpec, if a step takes more samples than can be counted
     */
    public static StepSamples of(TrainingSpec training, int samples) {
        int perStep = perStep(training);
        Order order = new Order(samples, training.seed());
        long perEpoch = Math.ceilDiv(samples, perStep);
        Integer steps = training.steps();
        Integer epochs = training.epochs();
        if (steps != null) {
            return new StepSamples(order, perStep, steps);
        }
        if (epochs != null) {
            return new StepSamples(order, perStep, perEpoch * epochs);
        }
        throw new IllegalArgumentException("neither steps nor epochs");
    }

    private static int perStep(TrainingSpec training) {
        long perStep = (long) training.batchSize() * training.gradientAccumulation();
        if (perStep > Integer.MAX_VALUE) {
            throw new TrainerException(
                    Reason.InvalidSpec,
                    "spec.training: batchSize %d times gradientAccumulation %d are %d samples a step, but at most %d can be; lower one of them"
                            .formatted(
                                    training.batchSize(), training.gradientAccumulation(), perStep, Integer.MAX_VALUE));
        }
        return (int) perStep;
    }

    /** Steps of one epoch. */
    public long stepsPerEpoch() {
        return Math.ceilDiv(order.size(), samplesPerStep);
    }

    /** Passes over the data after so many steps. */
    public double epoch(long completedSteps) {
        long whole = completedSteps / stepsPerEpoch();
        long seen = Math.min(order.size(), completedSteps % stepsPerEpoch() * samplesPerStep);
        return whole + (double) seen / order.size();
    }

    /**
     * The samples of each step, in order.
     *
     * @param from number of the first step, counted from 0
     */
    public Iterator<List<Integer>> from(long from) {
        return new Iterator<>() {
            private long step = from;
            private long epoch = -1;
            private int @Nullable [] shuffled;

            @Override
            public boolean hasNext() {
                return step < totalSteps;
            }

            @Override
            public List<Integer> next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                long wanted = step / stepsPerEpoch();
                int[] samples = shuffled;
                if (samples == null || epoch != wanted) {
                    samples = order.epoch(Math.toIntExact(wanted));
                    shuffled = samples;
                    epoch = wanted;
                }
                int begin = (int) (step % stepsPerEpoch() * samplesPerStep);
                int end = (int) Math.min(samples.length, (long) begin + samplesPerStep);
                step++;
                int[] now = samples;
                return IntStream.range(begin, end).mapToObj(i -> now[i]).toList();
            }
        };
    }
}
