package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How the trainable tensors are trained: AdamW with warm-up and a schedule.
 *
 * @param epochs passes over the training data. Give either this or steps.
 * @param steps optimizer steps. Give either this or epochs.
 * @param batchSize samples in one forward and backward pass.
 * @param gradientAccumulation passes in one optimizer step. Gradients are weighted by tokens, so that it equals the large batch.
 * @param learningRate peak learning rate, a decimal such as "1e-5".
 * @param partLearningRates peak learning rates of parts that do not have the one above.
 * @param layerDecay how the learning rate falls from layer to layer below the top.
 * @param schedule how the learning rate goes over the steps.
 * @param onPlateau lowers learning rates when a metric no longer gets better.
 * @param weightDecay decoupled weight decay of AdamW; biases and norms are not decayed.
 * @param maxGradientNorm gradients are scaled down to this global norm; 0 for no clipping.
 * @param precision precision of weights and arithmetic.
 * @param evaluateEvery steps between evaluations. Absent: before the first step and after the last only.
 * @param checkpointEvery steps between checkpoints. Absent: when stopped only.
 * @param keepCheckpoints checkpoints that are kept; older ones are removed.
 * @param earlyStopping stop before the last step when a metric no longer gets better.
 * @param prefixCache whether what frozen layers compute is stored and read again in later epochs.
 * @param recompute whether activations are computed again in the backward pass instead of being kept.
 * @param seed seed of the order of samples.
 */
@ValidationRule(value = "has(self.epochs) != has(self.steps)", message = "give exactly one of epochs and steps")
@ValidationRule(
        value = "!has(self.earlyStopping) || has(self.evaluateEvery)",
        message = "earlyStopping looks at evaluations: give evaluateEvery as well")
@ValidationRule(
        value = "!has(self.onPlateau) || has(self.evaluateEvery)",
        message = "onPlateau looks at evaluations: give evaluateEvery as well")
public record TrainingSpec(
        @JsonPropertyDescription("Passes over the training data. Give either this or steps.")
        @Min(1)
        @Max(10000)
        @Nullable
        Integer epochs,

        @JsonPropertyDescription("Optimizer steps. Give either this or epochs.") @Min(1) @Max(100000000) @Nullable
        Integer steps,

        @JsonPropertyDescription("Samples in one forward and backward pass.") @Default("1") @Min(1) @Max(65536)
        Integer batchSize,

        @JsonPropertyDescription(
                "Passes in one optimizer step. Gradients are weighted by tokens, so that it equals the large batch.")
        @Default("1")
        @Min(1)
        @Max(65536)
        Integer gradientAccumulation,

        @JsonPropertyDescription("Peak learning rate, a decimal such as \"1e-5\".")
        @Default("1e-5")
        @Size(max = 32)
        @Pattern(Patterns.DECIMAL)
        String learningRate,

        @JsonPropertyDescription("Peak learning rates of parts that do not have the one above.")
        PartLearningRates partLearningRates,

        @JsonPropertyDescription("How the learning rate falls from layer to layer below the top.")
        LayerDecaySpec layerDecay,

        @JsonPropertyDescription("How the learning rate goes over the steps.")
        ScheduleSpec schedule,

        @JsonPropertyDescription("Lowers learning rates when a metric no longer gets better.") @Nullable
        OnPlateauSpec onPlateau,

        @JsonPropertyDescription("Decoupled weight decay of AdamW; biases and norms are not decayed.")
        @Default("0.0")
        @Size(max = 32)
        @Pattern(Patterns.DECIMAL)
        String weightDecay,

        @JsonPropertyDescription("Gradients are scaled down to this global norm. 0: no clipping.")
        @Default("1.0")
        @Size(max = 32)
        @Pattern(Patterns.DECIMAL)
        String maxGradientNorm,

        @JsonPropertyDescription(
                "Precision of weights and arithmetic. What is trained has Float32 master copies and optimizer state either way.")
        @Default("BFloat16")
        Precision precision,

        @JsonPropertyDescription("Steps between evaluations. Absent: before the first step and after the last only.")
        @Min(1)
        @Max(100000000)
        @Nullable
        Integer evaluateEvery,

        @JsonPropertyDescription("Steps between checkpoints. Absent: when stopped only.")
        @Min(1)
        @Max(100000000)
        @Nullable
        Integer checkpointEvery,

        @JsonPropertyDescription("Checkpoints that are kept; older ones are removed.") @Default("2") @Min(1) @Max(1000)
        Integer keepCheckpoints,

        @JsonPropertyDescription("Stop before the last step when a metric no longer gets better.") @Nullable
        EarlyStoppingSpec earlyStopping,

        @JsonPropertyDescription(
                "Whether what frozen layers compute is stored in scratch and read again in later epochs.")
        @Default("Auto")
        PrefixCacheMode prefixCache,

        @JsonPropertyDescription(
                "Whether activations are computed again in the backward pass instead of being kept. Auto: where the memory limit asks for it.")
        @Default("Auto")
        RecomputeMode recompute,

        @JsonPropertyDescription("Seed of the order of samples.") @Default("42") @Min(0)
        Long seed) {
    /** Puts the defaults in the place of absent fields. */
    public TrainingSpec {
        batchSize = Objects.requireNonNullElse(batchSize, 1);
        gradientAccumulation = Objects.requireNonNullElse(gradientAccumulation, 1);
        learningRate = Objects.requireNonNullElse(learningRate, "1e-5");
        partLearningRates = Objects.requireNonNullElse(partLearningRates, PartLearningRates.NONE);
        layerDecay = Objects.requireNonNullElse(layerDecay, LayerDecaySpec.NONE);
        schedule = Objects.requireNonNullElse(schedule, ScheduleSpec.DEFAULT);
        weightDecay = Objects.requireNonNullElse(weightDecay, "0.0");
        maxGradientNorm = Objects.requireNonNullElse(maxGradientNorm, "1.0");
        precision = Objects.requireNonNullElse(precision, Precision.BFloat16);
        keepCheckpoints = Objects.requireNonNullElse(keepCheckpoints, 2);
        prefixCache = Objects.requireNonNullElse(prefixCache, PrefixCacheMode.Auto);
        recompute = Objects.requireNonNullElse(recompute, RecomputeMode.Auto);
        seed = Objects.requireNonNullElse(seed, 42L);
    }

    /** The same with another way to keep activations. */
    public TrainingSpec with(RecomputeMode other) {
        return new TrainingSpec(
                epochs,
                steps,
                batchSize,
                gradientAccumulation,
                learningRate,
                partLearningRates,
                layerDecay,
                schedule,
                onPlateau,
                weightDecay,
                maxGradientNorm,
                precision,
                evaluateEvery,
                checkpointEvery,
                keepCheckpoints,
                earlyStopping,
                prefixCache,
                other,
                seed);
    }

    /** The same with other batches. */
    public TrainingSpec with(int otherBatchSize, int otherAccumulation) {
        return new TrainingSpec(
                epochs,
                steps,
                otherBatchSize,
                otherAccumulation,
                learningRate,
                partLearningRates,
                layerDecay,
                schedule,
                onPlateau,
                weightDecay,
                maxGradientNorm,
                precision,
                evaluateEvery,
                checkpointEvery,
                keepCheckpoints,
                earlyStopping,
                prefixCache,
                recompute,
                seed);
    }
}
