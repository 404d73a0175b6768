package io.vlfinetune.operator.attempt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.contract.Json;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** Identity of what an attempt's Job is made from: all of a spec but how long and how often it is tried. */
final class SpecDigest {
    private static final int BYTES = 8;
    // Maps have another order in each process; a digest that follows it would differ after each restart.
    private static final ObjectMapper JSON =
            Json.strict().copy().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);

    private SpecDigest() {}

    /** Sixteen hexadecimal digits. */
    static String of(VLFineTuneSpec spec) {
        try {
            byte[] text = JSON.writeValueAsBytes(List.of(
                    spec.model(),
                    spec.data(),
                    spec.freeze(),
                    spec.training(),
                    spec.output(),
                    spec.resources(),
                    spec.scheduling()));
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text);
            return HexFormat.of().formatHex(digest, 0, BYTES);
        } catch (JsonProcessingException | NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
