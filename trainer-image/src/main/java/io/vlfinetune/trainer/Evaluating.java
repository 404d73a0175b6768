package io.vlfinetune.trainer;

import io.vlfinetune.api.DataFormat;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.trainer.data.DataFile;
import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Executor;
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
     * Measures.
     *
     * @param model a Hugging Face folder, base or trained
     * @param data a .jsonl or .json file
     * @param format how a sample is written down
     * @param mediaRoot folder of the images; null for the data file's own
     * @param maxLength longest sample in tokens
     * @param progress told samples done and samples in all
     * @throws TrainerException ModelUnsupported, DataInvalid or SourceUnavailable
     */
    public static EvaluationResult evaluate(
            Path model,
            Path data,
            DataFormat format,
            @Nullable Path mediaRoot,
            int maxLength,
            BiConsumer<Integer, Integer> progress) {
        try (PlannedModel planned = PlannedModel.open(model, FreezeSpec.NOTHING);
                DataSets sets = DataSets.of(planned, maxLength)) {
            Dataset dataset = sets.open(List.of(new DataFile(data, format)), mediaRoot);
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
                return new EvaluationResult(result.samples(), result.tokens(), result.loss(), result.accuracy());
            }
        }
    }
}
