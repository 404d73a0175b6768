package io.vlfinetune.operator.conditions;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.ProgressStatus;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MessagesTest {
    @ParameterizedTest
    @CsvSource({"0.4312,0.431", "12.34,12.3", "1234.5,1234", "0.0001234,0.000123", "NaN,NaN", "2,2", "99.96,100"})
    void givenADecimalThenThreeDigitsStay(String decimal, String shortened) {
        assertThat(Numbers.shorten(decimal)).isEqualTo(shortened);
    }

    @ParameterizedTest
    @CsvSource({"42,42s", "310,5m10s", "7500,2h5m"})
    void givenSecondsThenTheyReadAsPeopleSayThem(long seconds, String text) {
        assertThat(Numbers.duration(seconds)).isEqualTo(text);
    }

    @Test
    void givenLittleThenTheLineIsShort() {
        ProgressStatus progress = new ProgressStatus(0, 0L, 200L, null, null, null, null, null, null, null);
        assertThat(Messages.progress(progress, List.of())).isEqualTo("step 0/200 (0 %)");
        assertThat(Messages.progress(null, List.of())).isEqualTo("no step taken yet");
    }
}
