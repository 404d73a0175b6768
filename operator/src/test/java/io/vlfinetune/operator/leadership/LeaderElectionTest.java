package io.vlfinetune.operator.leadership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LeaderElectionTest {
    private static final Map<String, String> POD = Map.of(
            "VLFINETUNE_LEADER_ELECTION", "true",
            "VLFINETUNE_POD_NAMESPACE", "vlfinetune-system",
            "VLFINETUNE_POD_NAME", "operator-7d9f-x2x2x");

    @Test
    void givenNothingThenThereIsNoElection() {
        assertThat(LeaderElection.fromEnvironment(Map.of())).isEmpty();
    }

    @Test
    void givenAPodThenItTakesPartWithTheUsualTimes() {
        assertThat(LeaderElection.fromEnvironment(POD))
                .contains(LeaderElection.of("vlfinetune-system", "vlfinetune-operator", "operator-7d9f-x2x2x"));
    }

    @Test
    void givenTimesAndANameThenTheyAreTaken() {
        LeaderElection election = LeaderElection.fromEnvironment(with(Map.of(
                        "VLFINETUNE_LEASE", "mine",
                        "VLFINETUNE_LEASE_DURATION", "PT1M",
                        "VLFINETUNE_RENEW_DEADLINE", "PT40S",
                        "VLFINETUNE_RETRY_PERIOD", "PT5S")))
                .orElseThrow();

        assertThat(election.lease()).isEqualTo("mine");
        assertThat(election.duration()).hasMinutes(1);
        assertThat(election.renewDeadline()).hasSeconds(40);
        assertThat(election.retryPeriod()).hasSeconds(5);
    }

    @ParameterizedTest
    @CsvSource({
        "VLFINETUNE_LEADER_ELECTION, yes, VLFINETUNE_LEADER_ELECTION is 'yes'",
        "VLFINETUNE_POD_NAME, '', VLFINETUNE_POD_NAME is not set",
        "VLFINETUNE_POD_NAMESPACE, '', VLFINETUNE_POD_NAMESPACE is not set",
        "VLFINETUNE_LEASE_DURATION, soon, VLFINETUNE_LEASE_DURATION is 'soon'",
        "VLFINETUNE_LEASE_DURATION, PT9S, must be shorter than the lease duration PT9S",
        "VLFINETUNE_RETRY_PERIOD, PT10S, shorter than the renew deadline PT10S",
        "VLFINETUNE_RETRY_PERIOD, PT0S, must be longer than zero"
    })
    void givenWhatCannotWorkThenItIsNamed(String variable, String value, String message) {
        assertThatThrownBy(() -> LeaderElection.fromEnvironment(with(Map.of(variable, value))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    private static Map<String, String> with(Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(POD);
        environment.putAll(more);
        return environment;
    }
}
