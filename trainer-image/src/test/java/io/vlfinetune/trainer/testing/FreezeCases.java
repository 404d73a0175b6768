package io.vlfinetune.trainer.testing;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Objects;

/**
 * A family's freeze.json; see fixtures/tools/README.md.
 *
 * @param cases on the golden pair of samples, by name
 * @param rates full tuning with learning rates by part and layer decay
 * @param wide a larger model
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record FreezeCases(Map<String, FreezeCase> cases, FreezeCase rates, WideModel wide) {
    private static final JsonMapper JSON = new JsonMapper();

    /** Reads a family's file. */
    public static FreezeCases of(String family) {
        try {
            return JSON.readValue(
                    new FamilyFixture(family).folder().resolve("freeze.json").toFile(), FreezeCases.class);
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** A case of the fixture itself. */
    public FreezeCase of(FixtureCase name) {
        return Objects.requireNonNull(cases.get(name.name()), name.name());
    }

    /** The cases. */
    public enum FixtureCase {
        full,
        towerFrozen,
        projectorOnly,
        languageOnly,
        lastTwoVisionLayers,
        twoPhases
    }
}
