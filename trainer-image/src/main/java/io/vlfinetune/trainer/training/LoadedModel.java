package io.vlfinetune.trainer.training;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Precision;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.PlannedModel;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.PrefixStore;
import io.vlfinetune.trainer.model.Recompute;
import io.vlfinetune.trainer.optimize.AdamW;
import io.vlfinetune.trainer.optimize.AdamWSettings;
import io.vlfinetune.trainer.optimize.ParameterGroups;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A planned model in memory with the optimizer state of what the present phase trains. */
final class LoadedModel implements AutoCloseable {
    private static final String WEIGHT = "weights/";
    private static final String OPTIMIZER = "optimizer/";
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final Ops ops;
    private final PlannedModel planned;
    private final TrainingSpec spec;
    private final Weights weights;
    private final AdamW optimizer;
    private Recompute recompute;
    private Executor executor;
    private ParameterGroups groups;

    /** Loads the tensors for a phase. */
    LoadedModel(Ops ops, PlannedModel planned, TrainingSpec spec, FreezePlan phase, Recompute recompute) {
        this.ops = ops;
        this.planned = planned;
        this.spec = spec;
        this.recompute = recompute;
        weights = new Weights(
                ops,
                planned.checkpoint(),
                planned.blueprint().chain().tensors(),
                phase.trainable(),
                precision(spec.precision()));
        executor = new Executor(planned.blueprint().chain(), weights, recompute, null);
        AdamWSettings settings = new AdamWSettings(BETA1, BETA2, EPSILON, maxGradientNorm(spec));
        optimizer = new AdamW(weights, executor.trainedTensors(), settings);
        groups = groups(phase);
    }

    /** As in other trainers, 0 stands for no clipping. */
    private static double maxGradientNorm(TrainingSpec spec) {
        double norm = Double.parseDouble(spec.maxGradientNorm());
        return norm == 0 ? Double.POSITIVE_INFINITY : norm;
    }

    private static DType precision(Precision precision) {
        return switch (precision) {
            case BFloat16 -> DType.BF16;
            case Float32 -> DType.F32;
        };
    }

    private ParameterGroups groups(FreezePlan phase) {
        return ParameterGroups.of(
                phase, spec, executor.trainedTensors(), planned.blueprint().undecayedTensors());
    }

    /**
     * Trains what another phase trains. What stays trained keeps its optimizer state, what is new begins with a fresh
     * one, what is frozen from now on gives it up.
     */
    void enter(FreezePlan phase, Recompute how) {
        weights.train(phase.trainable());
        recompute = how;
        executor = new Executor(planned.blueprint().chain(), weights, recompute, null);
        optimizer.train(executor.trainedTensors());
        groups = groups(phase);
    }

    Ops ops() {
        return ops;
    }

    PlannedModel planned() {
        return planned;
    }

    Weights weights() {
        return weights;
    }

    /** Runs the model, whatever is stored of its prefix. */
    Executor executor() {
        return executor;
    }

    /** Runs the model's training steps with what its frozen prefix made from a store. */
    Executor executor(@Nullable PrefixStore store) {
        return new Executor(planned.blueprint().chain(), weights, recompute, store);
    }

    AdamW optimizer() {
        return optimizer;
    }

    ParameterGroups groups() {
        return groups;
    }

    /** The Float32 masters of what is trained or was. */
    Map<String, NDArray> masters() {
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        weights.masters().forEach(name -> arrays.put(WEIGHT + name, weights.master(name)));
        return arrays;
    }

    /** Every array that a checkpoint keeps, under a name of its own. */
    Map<String, NDArray> state() {
        Map<String, NDArray> arrays = masters();
        optimizer.state().forEach((key, array) -> arrays.put(OPTIMIZER + key, array));
        return arrays;
    }

    /** Sets every array back to what a checkpoint of the same phase kept, bit for bit. */
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

    /**
     * Sets what was trained back to what a file kept, bit for bit, and to the base model's what had not been trained when
     * it was written; the optimizer's state stays.
     */
    void restoreMasters(Path file) {
        try (Safetensors stored = Safetensors.open(file)) {
            restoreMasters(stored);
        }
    }

    private void restoreMasters(Safetensors stored) {
        for (String name : Set.copyOf(weights.masters())) {
            if (!stored.tensors().containsKey(WEIGHT + name)) {
                weights.reset(name);
            }
        }
        for (String name : stored.tensors().keySet()) {
            if (name.startsWith(WEIGHT)) {
                weights.restore(name.substring(WEIGHT.length()), stored.bytes(name));
            }
        }
    }

    @Override
    public void close() {
        optimizer.close();
        weights.close();
    }
}
