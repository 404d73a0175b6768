package io.vlfinetune.trainer.training;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Prefetcher;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.SampleScore;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Measures a model on a data set, in the order of its samples.
 *
 * @param ops the engine
 * @param blueprint the model's tokens
 * @param executor the model
 * @param batchSize samples in one forward pass
 */
public record Evaluator(Ops ops, Blueprint blueprint, Executor executor, int batchSize) {
    /**
     * What was measured.
     *
     * @param samples samples of the set
     * @param tokens target tokens of the set
     * @param loss mean cross entropy over the target tokens
     * @param accuracy share of samples whose answer tokens are all right
     */
    public record Result(long samples, long tokens, double loss, double accuracy) {}

    /**
     * Refuses a loss that is no number. A step's own loss was taken before its update, so that only an evaluation sees what
     * became of it.
     *
     * @throws TrainerException Diverged
     */
    static void requireFinite(String set, long step, Result measured) {
        if (!Double.isFinite(measured.loss())) {
            throw new TrainerException(
                    Reason.Diverged,
                    "step " + step + ": the loss of evaluation set " + set + " is " + measured.loss()
                            + (step == 0
                                    ? " before any training; the base model is broken"
                                    : ". Lower spec.training.learningRate or lengthen the warm-up"));
        }
    }

    /**
     * Runs over a set.
     *
     * @param stop asked between batches; if it says so the result is empty
     * @param done told the number of samples done
     */
    public Optional<Result> run(Dataset dataset, BooleanSupplier stop, IntConsumer done) {
        long tokens = 0;
        long exact = 0;
        double entropy = 0;
        int samples = 0;
        try (Prefetcher<EncodedSample> batches =
                new Prefetcher<>(dataset::get, batches(dataset.size()), 1, Prefetcher.AHEAD)) {
            while (batches.hasNext()) {
                if (stop.getAsBoolean()) {
                    return Optional.empty();
                }
                try (Batch batch = Batch.of(ops, batches.next(), blueprint.padToken(), blueprint.imageToken())) {
                    for (SampleScore score : executor.evaluate(batch)) {
                        tokens += score.targets();
                        exact += score.exact() ? 1 : 0;
                        entropy += score.crossEntropy();
                        samples++;
                    }
                }
                done.accept(samples);
            }
        }
        return Optional.of(new Result(samples, tokens, entropy / tokens, (double) exact / samples));
    }

    private Iterator<List<Integer>> batches(int size) {
        return IntStream.range(0, Math.ceilDiv(size, batchSize))
                .mapToObj(batch -> IntStream.range(batch * batchSize, Math.min(size, (batch + 1) * batchSize))
                        .boxed()
                        .toList())
                .iterator();
    }
}
