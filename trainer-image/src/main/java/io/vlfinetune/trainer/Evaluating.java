package io.vlfinetune.trainer;

import io.vlfinetune.api.DataFormat;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.trainer.data.DataFile;
import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.GreedyDecoder;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.training.Evaluator;
import io.vlfinetune.trainer.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Measures a model folder on a data file. */
public final class Evaluating {
    private static final int BATCH = 8;

    private Evaluating() {}

    /**
     * What to measure.
     *
     * @param model a Hugging Face folder, base or trained
     * @param data a data file
     * @param format how a sample is written down
     * @param mediaRoot folder of the images; null for the data file's own
     * @param maxLength longest sample in tokens
     * @param predictions file for the model's own answers; null for none
     * @param maxNewTokens how many tokens such an answer may have
     */
    public record Request(
            Path model,
            Path data,
            DataFormat format,
            @Nullable Path mediaRoot,
            int maxLength,
            @Nullable Path predictions,
            int maxNewTokens) {}

    /**
     * Measures.
     *
     * @param progress told samples done and samples in all, first of the measurement, then of the answers
     * @throws TrainerException ModelUnsupported, DataInvalid, SourceUnavailable or OutputFailed
     */
    public static EvaluationResult evaluate(Request request, BiConsumer<Integer, Integer> progress) {
        try (PlannedModel planned = PlannedModel.open(request.model, FreezeSpec.NOTHING);
                DataSets sets = DataSets.of(planned, request.maxLength)) {
            Dataset dataset = sets.open(List.of(new DataFile(request.data, request.format)), request.mediaRoot);
            try (Ops ops = Ops.start(RunOptions.threads(System.getenv()), Optional.empty());
                    Weights weights = new Weights(
                            ops,
                            planned.checkpoint(),
                            planned.blueprint().chain().tensors(),
                            Set.of(),
                            DType.F32)) {
                Executor executor = new Executor(planned.blueprint().chain(), weights, Executor.Mode.GRAPH);
                Evaluator.Result result = new Evaluator(ops, planned.blueprint(), executor, BATCH)
                        .run(dataset, () -> false, done -> progress.accept(done, dataset.size()))
                        .orElseThrow();
                Path file = request.predictions;
                if (file != null) {
                    predictions(request, planned, sets.processor(), executor, ops)
                            .write(dataset, file, done -> progress.accept(done, dataset.size()));
                }
                return new EvaluationResult(result.samples(), result.tokens(), result.loss(), result.accuracy());
            }
        }
    }

    private static Predictions predictions(
            Request request, PlannedModel planned, ChatProcessor processor, Executor executor, Ops ops) {
        Set<Integer> ends = Predictions.endTokens(request.model, processor.tokenizer());
        return new Predictions(
                new GreedyDecoder(ops, executor, planned.blueprint().imageToken(), ends),
                processor,
                request.maxNewTokens);
    }
}
