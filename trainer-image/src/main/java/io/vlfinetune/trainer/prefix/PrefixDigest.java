package io.vlfinetune.trainer.prefix;

import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.FrozenPrefix;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.source.Folders;
import io.vlfinetune.trainer.weights.Digests;
import io.vlfinetune.trainer.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Names everything that decides the bits of what a frozen prefix makes of a unit, but the unit. */
public final class PrefixDigest {
    private static final Path PROCESSOR = Path.of("/proc/cpuinfo");
    private static final String BEFORE_DIGITS = "sha256:";

    private PrefixDigest() {}

    /**
     * The digest: layers with their numbers, bytes of their tensors as they are held, precision, kernel, threads, versions
     * and processor.
     *
     * @param threads of one operator
     * @param versions of what computes
     * @return hexadecimal digits
     */
    public static String of(FrozenPrefix prefix, Weights weights, int threads, Map<String, String> versions) {
        Ops ops = weights.ops();
        StringBuilder all = new StringBuilder();
        all.append(prefix.unit()).append('\n');
        for (Layer layer : prefix.layers()) {
            // Layers are records: this is their kind and every number of their configuration.
            all.append(layer).append('\n');
            for (String name : layer.tensors().keySet()) {
                all.append(name)
                        .append(' ')
                        .append(Digests.sha256(ops.memory(weights.master(name))))
                        .append('\n');
            }
        }
        all.append(weights.precision()).append(' ').append(ops.linearKernel()).append(' ');
        all.append(threads).append('\n').append(new TreeMap<>(versions)).append('\n');
        all.append(processor());
        return Folders.digest(all.toString()).substring(BEFORE_DIGITS.length());
    }

    /** Kernels are chosen by what the processor can do; empty where the system does not tell. */
    private static String processor() {
        try (Stream<String> lines = Files.lines(PROCESSOR)) {
            return lines.filter(line -> line.startsWith("model name") || line.startsWith("flags"))
                    .distinct()
                    .collect(Collectors.joining("\n"));
        } catch (IOException unknown) {
            return "";
        }
    }
}
