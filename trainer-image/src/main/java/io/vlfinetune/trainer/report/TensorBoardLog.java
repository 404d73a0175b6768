package io.vlfinetune.trainer.report;

import io.vlfinetune.api.Part;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The metrics as TensorBoard reads them: one event file an attempt, {@code events.out.tfevents.<time>.vlfinetune}. The
 * file of a resumed attempt begins with a session start at the step after its checkpoint, upon which TensorBoard forgets
 * what an earlier attempt wrote of that step and later ones. Each file begins so, because its reader takes the first
 * session start of all as no restart.
 */
public final class TensorBoardLog implements MetricsLog.Mirror, AutoCloseable {
    /** Name of the folder beside metrics.jsonl and in the output. */
    public static final String FOLDER = "tensorboard";

    private static final String PREFIX = "events.out.tfevents.";
    private static final String SUFFIX = ".vlfinetune";

    private final Path file;
    private final OutputStream out;
    private final Clock clock;

    /**
     * Begins an attempt's file.
     *
     * @param folder where the files go; made if it is missing
     * @param step step of the checkpoint that the run resumes from; 0 where it starts anew
     * @param evaluated whether evaluations of exactly that step belong to the checkpoint; at step 0 without them there is
     *     nothing to go on from, and files of before are removed
     * @throws UncheckedIOException if it cannot be written
     */
    public TensorBoardLog(Path folder, long step, boolean evaluated, Clock clock) {
        this.clock = clock;
        boolean anew = step == 0 && !evaluated;
        try {
            Files.createDirectories(folder);
            List<Path> before = files(folder);
            if (anew) {
                for (Path old : before) {
                    Files.delete(old);
                }
            }
            file = folder.resolve(PREFIX + after(before, clock.instant()) + SUFFIX);
            out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW);
        } catch (IOException problem) {
            throw new UncheckedIOException(folder + " cannot be written: " + problem, problem);
        }
        append(EventRecord.version(now()));
        append(EventRecord.sessionStart(now(), anew ? 0 : step + 1));
    }

    /** The event files of a folder in the order in which TensorBoard reads them; none if there is no such folder. */
    public static List<Path> files(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> file.getFileName().toString().startsWith(PREFIX))
                    .sorted()
                    .toList();
        }
    }

    /** Seconds for a name that comes after all others, also in one second or with a clock that was set back. */
    private static long after(List<Path> before, Instant now) {
        long seconds = now.getEpochSecond();
        for (Path file : before) {
            String digits =
                    file.getFileName().toString().substring(PREFIX.length()).replaceFirst("\\..*", "");
            if (digits.matches("[0-9]{1,18}")) {
                seconds = Math.max(seconds, Long.parseLong(digits) + 1);
            }
        }
        return seconds;
    }

    @Override
    public void add(MetricsLog.Step step) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("train/loss", step.loss());
        values.put("train/gradientNorm", step.gradientNorm());
        values.put("train/epoch", step.epoch());
        addParts("gradientNorm", step.gradientNorms(), values);
        addParts("learningRate", step.learningRates(), values);
        if (step.seconds() > 0) {
            values.put("speed/samplesPerSecond", step.samples() / step.seconds());
            values.put("speed/tokensPerSecond", step.tokens() / step.seconds());
        }
        values.put("memory/peakBytes", (double) step.peakMemoryBytes());
        append(EventRecord.scalars(now(), step.step(), values));
    }

    @Override
    public void add(MetricsLog.Evaluation evaluation) {
        String set = "evaluation/" + evaluation.evaluation();
        Map<String, Double> values = new LinkedHashMap<>();
        values.put(set + "/loss", evaluation.loss());
        values.put(set + "/accuracy", evaluation.accuracy());
        append(EventRecord.scalars(now(), evaluation.step(), values));
    }

    private static void addParts(String name, Map<Part, Double> byPart, Map<String, Double> values) {
        byPart.forEach((part, value) -> values.put(name + "/" + part, value));
    }

    private double now() {
        return clock.millis() / 1e3;
    }

    private void append(byte[] event) {
        try {
            out.write(event);
        } catch (IOException problem) {
            throw new UncheckedIOException(file + " cannot be written: " + problem.getMessage(), problem);
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
