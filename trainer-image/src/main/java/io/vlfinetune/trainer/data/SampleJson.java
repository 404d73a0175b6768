package io.vlfinetune.trainer.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Locale;

/** The JSON of data files: strict about what is ambiguous, generous about size (an image may be a string). */
final class SampleJson {
    private static final int LONGEST_STRING = 512 << 20;

    static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(LONGEST_STRING)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .build();
    private static final ObjectReader WHOLE =
            MAPPER.readerFor(JsonNode.class).with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private SampleJson() {}

    /** The object in these bytes. */
    static SampleFields parse(byte[] json, SampleLocation location) {
        try {
            return object(WHOLE.readTree(json), location);
        } catch (MismatchedInputException e) { // what FAIL_ON_TRAILING_TOKENS throws
            throw location.invalid("invalid JSON: something follows the object; give one object a line", e);
        } catch (IOException e) {
            throw location.invalid("invalid JSON" + where(e) + ": " + problem(e), e);
        }
    }

    static SampleFields object(JsonNode sample, SampleLocation location) {
        if (!sample.isObject()) {
            throw location.invalid("a sample must be a JSON object, not "
                    + sample.getNodeType().name().toLowerCase(Locale.ROOT));
        }
        return new SampleFields(location, sample);
    }

    /** What is wrong, without Jackson's picture of the source. */
    static String problem(IOException e) {
        String message = e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage();
        if (message == null) {
            return e.getClass().getSimpleName();
        }
        int picture = message.indexOf(" (start marker at");
        return picture < 0 ? message : message.substring(0, picture);
    }

    private static String where(IOException e) {
        return e instanceof JsonProcessingException json && json.getLocation() != null
                ? " at column " + json.getLocation().getColumnNr()
                : "";
    }
}
