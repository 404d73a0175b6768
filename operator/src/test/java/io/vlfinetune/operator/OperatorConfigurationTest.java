package io.vlfinetune.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OperatorConfigurationTest {
    @Test
    void givenOnlyAnImageThenAllNamespacesAreWatchedAndTrainersHaveNoLiveChannel() {
        OperatorConfiguration configuration =
                OperatorConfiguration.fromEnvironment(Map.of("VLFINETUNE_TRAINER_IMAGE", "image:1"));

        assertThat(configuration.namespaces()).isEmpty();
        assertThat(configuration.progressApi()).isNull();
        assertThat(configuration.fileSources()).isFalse();
        assertThat(configuration.progressPeriod()).isEqualTo(Duration.ofSeconds(15));
    }

    @Test
    void givenEverythingThenItIsTaken() {
        OperatorConfiguration configuration = OperatorConfiguration.fromEnvironment(Map.of(
                "VLFINETUNE_TRAINER_IMAGE", "image:1",
                "VLFINETUNE_NAMESPACES", "a, b",
                "VLFINETUNE_TRAINER_SERVICE_ACCOUNT", "trainer",
                "VLFINETUNE_RESTART_BACKOFF", "PT1M"));

        assertThat(configuration.namespaces()).isEqualTo(Set.of("a", "b"));
        assertThat(configuration.progressApi()).isEqualTo(URI.create("https://kubernetes.default.svc"));
        assertThat(configuration.restartBackoff()).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void givenWhatCannotBeReadThenTheVariableIsNamed() {
        assertThatThrownBy(() -> OperatorConfiguration.fromEnvironment(Map.of()))
                .hasMessageContaining("VLFINETUNE_TRAINER_IMAGE");
        assertThatThrownBy(() -> OperatorConfiguration.fromEnvironment(
                        Map.of("VLFINETUNE_TRAINER_IMAGE", "i", "VLFINETUNE_RESTART_BACKOFF", "soon")))
                .hasMessageContaining("VLFINETUNE_RESTART_BACKOFF is 'soon'");
    }
}
