package io.vlfinetune.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.cli.resource.ResourceValidator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules of progress objects, which bind reports to their order, and the kinds themselves, on a real server. */
@ExtendWith(RealServer.class)
class ProgressRulesTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String NAMESPACE = "default";
    private static final String PATH =
            "/apis/vlfinetune.io/v1alpha1/namespaces/" + NAMESPACE + "/vlfinetuneprogresses/";

    private final ResourceValidator embedded = ResourceValidator.forProgress();
    private KubernetesClient client;

    @BeforeEach
    void begin(RealApiServer server) {
        client = server.client();
    }

    @AfterEach
    void clean() {
        client.resources(VLFineTuneProgress.class).inNamespace(NAMESPACE).delete();
    }

    @ParameterizedTest
    @CsvSource({
        "2, 5, 2, 6, true",
        "2, 5, 2, 5, true",
        "2, 5, 3, 6, true",
        "2, 5, 2, 4, false",
        "2, 5, 1, 6, false",
        "2, 5, 3, 0, true",
    })
    void aReportNeverGoesBackWithinItsAttempt(
            int attempt, int sequence, int nextAttempt, int nextSequence, boolean accepted) throws Exception {
        ObjectNode before = create(report(attempt, sequence));
        ObjectNode next = before.deepCopy();
        next.set("report", report(nextAttempt, nextSequence));

        Verdict verdict = Verdict.of(client, "PUT", PATH + "digits-1", next);

        assertThat(verdict.violations().isEmpty()).isEqualTo(accepted);
        assertThat(embedded.update(next, before).valid()).isEqualTo(accepted);
        if (!accepted) {
            assertThat(verdict.violations()).singleElement().satisfies(violation -> {
                assertThat(violation.path()).isEqualTo("report");
                assertThat(violation.message()).contains("a report never goes back");
            });
        }
    }

    @Test
    void aReportIsNeverTakenBack() throws Exception {
        ObjectNode before = create(report(1, 1));
        ObjectNode next = before.deepCopy();
        next.remove(List.of("report"));

        assertThat(Verdict.of(client, "PUT", PATH + "digits-1", next).violations())
                .isNotEmpty();
        assertThat(embedded.update(next, before).valid()).isFalse();
    }

    @Test
    void theServerTakesBothKindsAsStructuralAndEstablished() {
        assertThat(client.resources(CustomResourceDefinition.class).list().getItems())
                .hasSize(2)
                .allSatisfy(kind -> assertThat(kind.getStatus().getConditions())
                        .extracting(condition -> condition.getType() + "=" + condition.getStatus())
                        .contains("NamesAccepted=True", "Established=True")
                        .doesNotContain("NonStructuralSchema=True"));
    }

    private ObjectNode create(ObjectNode report) throws Exception {
        VLFineTuneProgress form = new VLFineTuneProgress();
        form.setMetadata(new ObjectMetaBuilder()
                .withName("digits-1")
                .withNamespace(NAMESPACE)
                .build());
        client.resource(form).create();
        ObjectNode stored = (ObjectNode) JSON.readTree(client.raw(PATH + "digits-1"));
        stored.set("report", report);
        return (ObjectNode) JSON.readTree(client.raw(PATH + "digits-1", "PUT", stored));
    }

    private static ObjectNode report(int attempt, int sequence) {
        return JSON.createObjectNode().put("attempt", attempt).put("sequence", sequence);
    }
}
