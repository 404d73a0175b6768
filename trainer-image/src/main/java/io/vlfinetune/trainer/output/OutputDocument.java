package io.vlfinetune.trainer.output;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.api.ModelStatus;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.freeze.Proof;
import java.util.List;
import java.util.Map;

/**
 * {@code vlfinetune.json} beside the trained weights: where they come from and what is known of them.
 *
 * @param formatVersion version of this form
 * @param runDigest digest of everything that decided the result
 * @param run namespace, name and uid of the resource
 * @param base the base model
 * @param steps optimizer steps
 * @param selectedStep step of the weights: the last one, or the best
 * @param samples training samples in the data
 * @param metrics evaluation metrics
 * @param proof what became of every tensor
 * @param weightsDigest SHA-256 of the weights
 * @param weightsBytes size of the weights in bytes
 * @param peakMemoryBytes largest resident memory of the attempt that finished; the estimate stands in the plan
 * @param versions versions of what made it
 * @param plan the freeze plan
 */
@JsonPropertyOrder({
    "formatVersion",
    "runDigest",
    "run",
    "base",
    "steps",
    "selectedStep",
    "samples",
    "metrics",
    "proof",
    "weightsDigest",
    "weightsBytes",
    "peakMemoryBytes",
    "versions",
    "plan"
})
public record OutputDocument(
        int formatVersion,
        String runDigest,
        Map<String, String> run,
        ModelStatus base,
        long steps,
        long selectedStep,
        int samples,
        List<MetricStatus> metrics,
        Proof proof,
        String weightsDigest,
        long weightsBytes,
        long peakMemoryBytes,
        Map<String, String> versions,
        PlanDocument plan) {
    /** The file's name. */
    public static final String FILE = "vlfinetune.json";

    /** The version that this code reads and writes. */
    public static final int FORMAT_VERSION = 1;

    /** Keeps copies. */
    public OutputDocument {
        run = Map.copyOf(run);
        metrics = List.copyOf(metrics == null ? List.of() : metrics);
        versions = Map.copyOf(versions);
    }
}
