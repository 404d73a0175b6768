package io.vlfinetune.trainer.testing;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.weights.TensorContent;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;

/**
 * A fixture with wider layers. Its weights follow from their names; see fixtures/tools/freeze_wide.py.
 *
 * @param config the keys of config.json that differ
 * @param repeat how often the golden pair of samples stands in a batch
 * @param lr the learning rate of all cases
 * @param tensors how each tensor is drawn
 * @param cases by name
 */
public record WideModel(
        JsonNode config, int repeat, double lr, Map<String, Drawn> tensors, Map<String, FreezeCase> cases) {
    private static final int GOLDEN_RATIO = 0x9E3779B1;

    /**
     * Evenly spread values.
     *
     * @param shape axes
     * @param scale half of the values' range
     * @param offset its middle
     */
    public record Drawn(List<Long> shape, float scale, float offset) {
        TensorContent content(String name) {
            CRC32 seed = new CRC32();
            seed.update(name.getBytes(StandardCharsets.UTF_8));
            int count = (int) shape.stream().mapToLong(axis -> axis).reduce(1, Math::multiplyExact);
            float[] values = new float[count];
            for (int i = 0; i < count; i++) {
                int upper = mixed((int) seed.getValue() + i * GOLDEN_RATIO) >>> 8;
                values[i] = (upper / (float) (1 << 23) - 1) * scale + offset;
            }
            return new TensorContent.Stored(DType.F32, shape, MemorySegment.ofArray(values));
        }

        /** The finalizer of murmur3. */
        private static int mixed(int seed) {
            int h = seed;
            h = (h ^ h >>> 16) * 0x85EBCA6B;
            h = (h ^ h >>> 13) * 0xC2B2AE35;
            return h ^ h >>> 16;
        }
    }

    /** Nothing is frozen. */
    public FreezeCase full() {
        return Objects.requireNonNull(cases.get("full"));
    }

    /** Writes the model into an empty folder. */
    public void write(String family, Path folder) {
        FixtureCopy.of(family, folder)
                .with("config.json", json -> ModelFolder.merge(json, config))
                .withTensors(made -> {
                    made.clear();
                    tensors.forEach((name, drawn) -> made.put(name, drawn.content(name)));
                });
    }

    /** The batch of the cases. */
    public List<EncodedSample> samples(String family) {
        return Collections.nCopies(repeat, new FamilyFixture(family).samples("batch")).stream()
                .flatMap(List::stream)
                .toList();
    }
}
