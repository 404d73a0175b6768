package io.vlfinetune.operator.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBindingBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.access.ProgressPolicy.Standing;
import io.vlfinetune.operator.cluster.MemoryApiServer;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProgressPolicyTest {
    private final MemoryApiServer server = new MemoryApiServer();
    private final KubernetesClient client = server.client("operator");

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void givenNoPolicyOrNoBindingOrOneThatOnlyWarnsThenItIsMissing() {
        assertThat(ProgressPolicy.look(client)).isEqualTo(Standing.Missing);
        client.resource(new ValidatingAdmissionPolicyBuilder()
                        .withNewMetadata()
                        .withName(ProgressPolicy.NAME)
                        .endMetadata()
                        .build())
                .create();
        assertThat(ProgressPolicy.look(client)).isEqualTo(Standing.Missing);

        bind("Warn");
        assertThat(ProgressPolicy.look(client)).isEqualTo(Standing.Missing);

        bind("Deny");
        assertThat(ProgressPolicy.look(client)).isEqualTo(Standing.InForce);
    }

    @Test
    void givenTrainersWithoutATokenThenNobodyLooks() {
        assertThat(ProgressPolicy.settle(client, Samples.CONFIGURATION.withoutLiveChannel(), false))
                .isEqualTo(Samples.CONFIGURATION.withoutLiveChannel());
    }

    @Test
    void somebodysWordIsOneWord() {
        assertThat(ProgressPolicy.vouchedFor(Map.of())).isFalse();
        assertThat(ProgressPolicy.vouchedFor(Map.of(ProgressPolicy.VARIABLE, " ")))
                .isFalse();
        assertThat(ProgressPolicy.vouchedFor(Map.of(ProgressPolicy.VARIABLE, "installed")))
                .isTrue();
        assertThatThrownBy(() -> ProgressPolicy.vouchedFor(Map.of(ProgressPolicy.VARIABLE, "true")))
                .hasMessageContaining("VLFINETUNE_PROGRESS_POLICY is 'true', must be installed");
    }

    private void bind(String action) {
        client.resource(new ValidatingAdmissionPolicyBindingBuilder()
                        .withNewMetadata()
                        .withName(ProgressPolicy.NAME)
                        .endMetadata()
                        .withNewSpec()
                        .withPolicyName(ProgressPolicy.NAME)
                        .withValidationActions(action)
                        .endSpec()
                        .build())
                .createOr(existing -> existing.update());
    }
}
