package io.vlfinetune.trainer.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.api.Part;
import io.vlfinetune.trainer.prefix.CacheStatistics;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code metrics.jsonl}: one object a step and one an evaluation, in the order in which they happened. */
public final class MetricsLog implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /**
     * One optimizer step.
     *
     * @param step number of the step, from 1
     * @param epoch passes over the training data so far
     * @param phase name of the phase that the step belongs to
     * @param loss mean cross entropy over the step's target tokens, before the update
     * @param gradientNorm global norm over all trainable tensors, before clipping
     * @param gradientNorms norm of each part that had gradients, before clipping; a frozen part has none
     * @param learningRates highest learning rate of each part that is trained
     * @param samples training samples of the step
     * @param tokens tokens of the step, image tokens included
     * @param seconds wall time of the step
     * @param peakMemoryBytes largest resident memory so far
     * @param cache what the prefix cache did in this phase so far; absent if there is none
     */
    @JsonPropertyOrder({
        "step",
        "epoch",
        "phase",
        "loss",
        "gradientNorm",
        "gradientNorms",
        "learningRates",
        "samples",
        "tokens",
        "seconds",
        "peakMemoryBytes",
        "cache"
    })
    public record Step(
            long step,
            double epoch,
            String phase,
            double loss,
            double gradientNorm,
            Map<Part, Double> gradientNorms,
            Map<Part, Double> learningRates,
            long samples,
            long tokens,
            double seconds,
            long peakMemoryBytes,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            CacheStatistics cache) {}

    /**
     * One evaluation.
     *
     * @param evaluation name of the set
     * @param step completed steps
     * @param epoch passes over the training data so far
     * @param loss mean cross entropy over the set's target tokens
     * @param accuracy share of samples whose answer tokens are all right
     * @param samples samples of the set
     * @param tokens target tokens of the set
     * @param seconds wall time of the evaluation
     */
    @JsonPropertyOrder({"evaluation", "step", "epoch", "loss", "accuracy", "samples", "tokens", "seconds"})
    public record Evaluation(
            String evaluation,
            long step,
            double epoch,
            double loss,
            double accuracy,
            long samples,
            long tokens,
            double seconds) {}

    /** Gets every entry after it was written here. */
    public interface Mirror {
        /** Takes a step. */
        void add(Step step);

        /** Takes an evaluation. */
        void add(Evaluation evaluation);
    }

    private final BufferedWriter out;
    private final List<Mirror> mirrors;

    /**
     * Opens the file and drops what came after the checkpoint that the run resumes from, a torn last line included.
     *
     * @param step step of that checkpoint; 0 starts anew
     * @param evaluated whether evaluations of exactly that step belong to it
     * @param mirrors what else gets the entries; not closed by this
     */
    public MetricsLog(Path file, long step, boolean evaluated, Mirror... mirrors) {
        this.mirrors = List.of(mirrors);
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Path kept = file.resolveSibling(file.getFileName() + ".tmp");
            Files.write(kept, kept(file, step, evaluated));
            Files.move(kept, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            out = Files.newBufferedWriter(file, StandardOpenOption.APPEND);
        } catch (IOException problem) {
            throw new UncheckedIOException(file + " cannot be written: " + problem.getMessage(), problem);
        }
    }

    private static List<String> kept(Path file, long step, boolean evaluated) throws IOException {
        List<String> lines = new ArrayList<>();
        if (!Files.exists(file)) {
            return lines;
        }
        // Not readAllLines: after a crash the last line may hold bytes that are no text.
        String all = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        for (String line : all.lines().toList()) {
            JsonNode entry;
            try {
                entry = JSON.readTree(line);
            } catch (IOException torn) {
                break;
            }
            long at = entry.path("step").asLong(Long.MAX_VALUE);
            boolean evaluation = entry.has("evaluation");
            if (at < step || (at == step && (evaluation ? evaluated : step > 0))) {
                lines.add(line);
            }
        }
        return lines;
    }

    /** Appends a step. */
    public void add(Step step) {
        append(step);
        mirrors.forEach(mirror -> mirror.add(step));
    }

    /** Appends an evaluation. */
    public void add(Evaluation evaluation) {
        append(evaluation);
        mirrors.forEach(mirror -> mirror.add(evaluation));
    }

    private void append(Record entry) {
        try {
            out.write(JSON.writeValueAsString(entry));
            out.newLine();
            out.flush();
        } catch (IOException problem) {
            throw new UncheckedIOException("metrics.jsonl cannot be written: " + problem.getMessage(), problem);
        }
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }
}
