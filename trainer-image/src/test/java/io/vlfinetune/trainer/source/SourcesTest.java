package io.vlfinetune.trainer.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SourcesTest {
    private static final Sources SOURCES =
            new Sources(Path.of("/var/lib/trainer"), Map.of("models", "claims/models", "data", "claims/data"));

    @ParameterizedTest
    @CsvSource({
        "pvc://models/base, /var/lib/trainer/claims/models/base",
        "pvc://models, /var/lib/trainer/claims/models",
        "pvc://models/, /var/lib/trainer/claims/models",
        "pvc://data//a/../b.jsonl, /var/lib/trainer/claims/data/b.jsonl",
        "file:///somewhere/./base, /somewhere/base",
        "file:///with space/ü, /with space/ü"
    })
    void givenAUriThenItsPlace(String uri, Path place) {
        assertThat(SOURCES.resolve(uri, "spec.model.source")).isEqualTo(place);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pvc://data/../models/base|the path leaves its claim",
                "pvc://data/../../../etc/passwd|the path leaves its claim",
                "pvc://data/a/../../models|the path leaves its claim",
                "pvc://other/base|claim other is not mounted",
                "pvc://../models|claim .. is not mounted",
                "file://base|a relative file:// path has no meaning here; write file:///folder",
                "file://|a relative file:// path has no meaning here; write file:///folder",
                "hf://org/model|give pvc://claim/path or file:///path",
                "/absolute|give pvc://claim/path or file:///path",
                "PVC://data/a|give pvc://claim/path or file:///path"
            })
    void givenAUriThatMeansNoPlaceThenFieldUriAndWayOutAreNamed(String uri, String message) {
        refused(uri, message);
    }

    @Test
    void givenANameNoFileCanHaveThenItIsRefused() {
        refused("file:///a\0b", "no path: Nul character not allowed");
        refused("pvc://data/a\0b", "no path: Nul character not allowed");
    }

    private static void refused(String uri, String message) {
        assertThatThrownBy(() -> SOURCES.resolve(uri, "spec.data.train[0].source"))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessage("spec.data.train[0].source: " + uri + ": " + message);
    }
}
