package io.vlfinetune.trainer.training;

import static io.vlfinetune.trainer.testing.Declarations.training;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.vlfinetune.api.OnPlateauSpec;
import io.vlfinetune.api.Part;
import io.vlfinetune.contract.Json;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AdaptiveRatesTest {
    private static OnPlateauSpec spec(String parts) {
        return Objects.requireNonNull(
                training("{onPlateau: {metric: 'a/loss', patience: 2, factor: '0.5', parts: [" + parts + "]}}")
                        .onPlateau());
    }

    private static Map<String, MetricBoard.Entry> loss(double value) {
        return Map.of(
                "a/loss",
                new MetricBoard.Entry(value, 1, value, 1, value),
                "b/loss",
                new MetricBoard.Entry(0, 1, 0, 1, 0));
    }

    private static void evaluate(AdaptiveRates rates, double... values) {
        for (double value : values) {
            rates.evaluated(loss(value));
        }
    }

    @Test
    void givenAPlateauThenTheListedPartsFallEachTimeAndTheCountBeginsAnew() {
        AdaptiveRates rates = new AdaptiveRates(spec("'LanguageModel'"));
        evaluate(rates, 3, 3);
        assertThat(rates.factor(Part.LanguageModel)).isEqualTo(1);

        assertThat(rates.evaluated(loss(3.5)))
                .contains(
                        "a/loss was not better than 3.0000 for 2 evaluations: learning rates are multiplied by 0.5 in [LanguageModel]");
        assertThat(rates.factor(Part.LanguageModel)).isEqualTo(0.5);
        assertThat(rates.factor(Part.Projector)).isEqualTo(1);
        assertThat(rates.factor(Part.VisionTower)).isEqualTo(1);
        assertThat(rates.state().factors())
                .as("a part that never fell is absent")
                .containsOnlyKeys(Part.LanguageModel);

        assertThat(rates.evaluated(loss(3.2))).isEmpty();
        assertThat(rates.evaluated(loss(3.1)))
                .as("still not better than before")
                .isPresent();
        assertThat(rates.factor(Part.LanguageModel)).isEqualTo(0.25);
        evaluate(rates, 3.1, 2.9, 2.95);
        assertThat(rates.factor(Part.LanguageModel)).as("it got better").isEqualTo(0.25);
    }

    @Test
    void givenNoPartsThenAllFall() {
        AdaptiveRates rates = new AdaptiveRates(spec(""));
        evaluate(rates, 3, 3);
        assertThat(rates.evaluated(loss(3)).orElseThrow()).endsWith("in all parts");
        assertThat(Part.values())
                .allSatisfy(part -> assertThat(rates.factor(part)).isEqualTo(0.5));
    }

    @Test
    void givenAPhaseBoundaryThenEvaluationsCountAnewAndFactorsStay() {
        AdaptiveRates rates = new AdaptiveRates(spec("'Projector', 'VisionTower'"));
        evaluate(rates, 3, 3, 3, 3);
        rates.phaseBegins();
        assertThat(rates.state())
                .isEqualTo(new AdaptiveRates.State(null, Map.of(Part.Projector, 0.5, Part.VisionTower, 0.5)));
        evaluate(rates, 9, 9);
        assertThat(rates.factor(Part.Projector)).isEqualTo(0.5);
        evaluate(rates, 9);
        assertThat(rates.factor(Part.Projector)).isEqualTo(0.25);
    }

    @Test
    void givenNoDeclarationOrAnEvaluationOfOtherSetsThenNothingFalls() {
        AdaptiveRates none = new AdaptiveRates(null);
        evaluate(none, 3, 3, 3, 3);
        assertThat(none.factor(Part.LanguageModel)).isEqualTo(1);
        assertThat(none.state()).isEqualTo(AdaptiveRates.State.START);

        AdaptiveRates other = new AdaptiveRates(spec(""));
        assertThat(other.evaluated(Map.of("b/loss", new MetricBoard.Entry(0, 1, 0, 1, 0))))
                .isEqualTo(Optional.empty());
        assertThat(other.state()).isEqualTo(AdaptiveRates.State.START);
    }

    @Test
    void givenAStateThenItIsTheSameAfterAFileAndInOneOrder() throws JsonProcessingException {
        AdaptiveRates rates = new AdaptiveRates(training("{onPlateau: {metric: 'a/loss', patience: 1, factor: '0.3'}}")
                .onPlateau());
        evaluate(rates, 0.1, 0.1, 0.1, 0.1);
        String written = Json.strict().writeValueAsString(rates.state());
        assertThat(written).containsSubsequence("VisionTower", "Projector", "LanguageModel");

        AdaptiveRates resumed = new AdaptiveRates(spec(""));
        resumed.restore(Json.strict().readValue(written, AdaptiveRates.State.class));
        assertThat(resumed.state()).isEqualTo(rates.state());
        assertThat(resumed.factor(Part.Projector)).isEqualTo(0.3 * 0.3 * 0.3);
        assertThat(Json.strict().readValue("{}", AdaptiveRates.State.class)).isEqualTo(AdaptiveRates.State.START);
    }
}
