package io.vlfinetune.trainer.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.DType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads and checks a header as strictly as the format demands (github.com/huggingface/safetensors, "Format"): every
 * tensor's bytes are as many as its shape needs, tensors neither overlap nor leave holes, and end where the file ends.
 */
final class SafetensorsHeader {
    private static final String METADATA = "__metadata__";
    private static final String REPAIR = "the file is damaged or not complete; fetch it again";
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final Path file;
    private final long dataBytes;

    private SafetensorsHeader(Path file, long dataBytes) {
        this.file = file;
        this.dataBytes = dataBytes;
    }

    /** The header's tensors in the order in which they are listed, and the free text beside them. */
    record Content(Map<String, TensorInfo> tensors, Map<String, String> metadata) {}

    /**
     * Checks a header.
     *
     * @param dataBytes how many bytes of the file follow the header
     */
    static Content read(Path file, byte[] header, long dataBytes) {
        JsonNode root;
        try {
            root = JSON.readTree(new String(header, StandardCharsets.UTF_8));
        } catch (JsonProcessingException problem) {
            throw broken(file, "the header is not JSON: " + problem.getOriginalMessage() + "; " + REPAIR);
        }
        if (root == null || !root.isObject()) {
            throw broken(file, "the header is not a JSON object; " + REPAIR);
        }
        return new SafetensorsHeader(file, dataBytes).content(root);
    }

    static TrainerException broken(Path file, String what) {
        return new TrainerException(Reason.ModelUnsupported, file + ": " + what);
    }

    private Content content(JsonNode root) {
        Map<String, TensorInfo> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        root.properties().forEach(entry -> {
            if (entry.getKey().equals(METADATA)) {
                entry.getValue()
                        .properties()
                        .forEach(text ->
                                metadata.put(text.getKey(), text.getValue().asText()));
            } else {
                tensors.put(entry.getKey(), tensor(entry.getKey(), entry.getValue()));
            }
        });
        requireSeamless(tensors);
        return new Content(Collections.unmodifiableMap(tensors), Collections.unmodifiableMap(metadata));
    }

    private TensorInfo tensor(String name, JsonNode json) {
        String type = json.path("dtype").asText();
        DType dtype = DType.named(type)
                .orElseThrow(() -> broken(
                        name,
                        "dtype " + type + " is not supported; convert the checkpoint to one of "
                                + Arrays.stream(DType.values()).map(DType::name).collect(Collectors.joining(", "))));
        List<Long> shape = numbers(name, json, "shape");
        List<Long> offsets = numbers(name, json, "data_offsets");
        if (offsets.size() != 2) {
            throw broken(name, "data_offsets must be two numbers; " + REPAIR);
        }
        TensorInfo info = new TensorInfo(name, dtype, shape, offsets.get(0), offsets.get(1));
        if (info.start() > info.end() || info.end() > dataBytes) {
            throw broken(
                    name,
                    "bytes " + info.start() + " to " + info.end() + " lie outside the file's " + dataBytes
                            + " bytes of data; " + REPAIR);
        }
        if (info.bytes() != neededBytes(name, shape, dtype)) {
            throw broken(
                    name,
                    info.bytes() + " bytes stored, but shape " + shape + " in " + dtype + " needs "
                            + neededBytes(name, shape, dtype) + "; " + REPAIR);
        }
        return info;
    }

    private long neededBytes(String name, List<Long> shape, DType dtype) {
        try {
            return shape.stream().reduce((long) dtype.bytes(), Math::multiplyExact);
        } catch (ArithmeticException overflow) {
            throw broken(name, "shape " + shape + " is beyond any memory; " + REPAIR);
        }
    }

    private List<Long> numbers(String name, JsonNode json, String key) {
        @Nullable JsonNode array = json.get(key);
        if (array == null || !array.isArray()) {
            throw broken(name, key + " must be a list of numbers; " + REPAIR);
        }
        List<Long> numbers = new ArrayList<>();
        for (JsonNode number : array) {
            if (!number.isIntegralNumber() || !number.canConvertToLong() || number.asLong() < 0) {
                throw broken(name, key + " holds " + number + " instead of a whole number of 0 or more; " + REPAIR);
            }
            numbers.add(number.asLong());
        }
        return numbers;
    }

    private void requireSeamless(Map<String, TensorInfo> tensors) {
        List<TensorInfo> byPlace = tensors.values().stream()
                .sorted(Comparator.comparingLong(TensorInfo::start).thenComparingLong(TensorInfo::end))
                .toList();
        long end = 0;
        for (TensorInfo info : byPlace) {
            if (info.start() != end) {
                String what = info.start() < end ? "overlaps another tensor" : "leaves a hole before it";
                throw broken(
                        info.name(),
                        "its first byte " + info.start() + " " + what + ", which ends at " + end + "; " + REPAIR);
            }
            end = info.end();
        }
        if (end != dataBytes) {
            throw broken(file, "tensors end at byte " + end + " of " + dataBytes + " bytes of data; " + REPAIR);
        }
    }

    private TrainerException broken(String tensor, String what) {
        return broken(file, "tensor " + tensor + ": " + what);
    }
}
