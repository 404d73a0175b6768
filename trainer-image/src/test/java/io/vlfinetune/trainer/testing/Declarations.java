package io.vlfinetune.trainer.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.contract.Json;

/** Declarations, written without the quotes around names that JSON wants: {@code {learningRate: '1e-3'}}. */
public final class Declarations {
    private static final JsonMapper LENIENT = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES, JsonReadFeature.ALLOW_SINGLE_QUOTES)
            .build();

    private Declarations() {}

    /** {@code spec.freeze}. */
    public static FreezeSpec freeze(String text) {
        return read(text, FreezeSpec.class);
    }

    /** {@code spec.training}. */
    public static TrainingSpec training(String text) {
        return read(text, TrainingSpec.class);
    }

    /** Any object of a resource. */
    public static ObjectNode json(String text) {
        try {
            return (ObjectNode) LENIENT.readTree(text);
        } catch (JsonProcessingException problem) {
            throw new AssertionError(problem);
        }
    }

    private static <T> T read(String text, Class<T> type) {
        try {
            return Json.strict().treeToValue(json(text), type);
        } catch (JsonProcessingException problem) {
            throw new AssertionError(problem);
        }
    }
}
