package io.vlfinetune.trainer.training;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Precision;
import io.vlfinetune.api.RecomputeMode;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.PlannedModel;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.PrefixStore;
import io.vlfinetune.trainer.model.Recompute;
import io.vlfinetune.trainer.optimize.AdamW;
import io.vlfinetune.trainer.optimize.AdamWSettings;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A planned model in memory with the optimizer state of what is trained.
 *
 * @param ops the engine
 * @param planned the plan
 * @param weights its tensors
 * @param executor runs it
 * @param optimizer updates what is trained
 */
record LoadedModel(Ops ops, PlannedModel planned, Weights weights, Executor executor, AdamW optimizer)
        implements AutoCloseable {
    private static final String WEIGHT = "weights/";
    private static final String OPTIMIZER = "optimizer/";
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;

    static LoadedModel load(Ops ops, PlannedModel planned, TrainingSpec spec) {
        double maxGradientNorm = Double.parseDouble(spec.maxGradientNorm());
        Weights weights = new Weights(
                ops,
                planned.checkpoint(),
                planned.blueprint().chain().tensors(),
                planned.plan().trainable(),
                precision(spec.precision()));
        Executor executor = new Executor(planned.blueprint().chain(), weights, recompute(spec.recompute()), null);
        AdamW optimizer = new AdamW(
                weights, executor.trainedTensors(), new AdamWSettings(BETA1, BETA2, EPSILON, maxGradientNorm));
        return new LoadedModel(ops, planned, weights, executor, optimizer);
    }

    private static DType precision(Precision precision) {
        return switch (precision) {
            case BFloat16 -> DType.BF16;
            case Float32 -> DType.F32;
        };
    }

    /** Auto recomputes nothing until an estimate of memory asks for it. */
    static Recompute recompute(RecomputeMode mode) {
        return switch (mode) {
            case On -> new Recompute.All();
            case Off, Auto -> new Recompute.None();
        };
    }

    /** Runs the model's training steps with what its frozen prefix made from a store. */
    Executor executor(Recompute recompute, @Nullable PrefixStore store) {
        return new Executor(planned.blueprint().chain(), weights, recompute, store);
    }

    /** The Float32 masters of what is trained. */
    Map<String, NDArray> masters() {
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        executor.trainedTensors().forEach(name -> arrays.put(WEIGHT + name, weights.master(name)));
        return arrays;
    }

    /** Every array that a checkpoint keeps, under a name of its own. */
    Map<String, NDArray> state() {
        Map<String, NDArray> arrays = masters();
        optimizer.state().forEach((key, array) -> arrays.put(OPTIMIZER + key, array));
        return arrays;
    }

    /** Sets every array back to what a checkpoint kept, bit for bit. */
    void restore(Path file) {
        try (Safetensors stored = Safetensors.open(file)) {
            restoreMasters(stored);
            Map<String, MemorySegment> state = new LinkedHashMap<>();
            for (String name : stored.tensors().keySet()) {
                if (name.startsWith(OPTIMIZER)) {
                    state.put(name.substring(OPTIMIZER.length()), stored.bytes(name));
                }
            }
            optimizer.restore(state);
        }
    }

    /** Sets what is trained back to what a file kept, bit for bit; the optimizer's state stays. */
    void restoreMasters(Path file) {
        try (Safetensors stored = Safetensors.open(file)) {
            restoreMasters(stored);
        }
    }

    private void restoreMasters(Safetensors stored) {
        executor.trainedTensors().forEach(name -> weights.restore(name, stored.bytes(WEIGHT + name)));
    }

    @Override
    public void close() {
        optimizer.close();
        weights.close();
    }
}
