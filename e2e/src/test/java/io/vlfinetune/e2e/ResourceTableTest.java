package io.vlfinetune.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.cli.resource.ResourceTable;
import io.vlfinetune.cli.resource.ResourceValidator;
import io.vlfinetune.cli.resource.Violation;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of good and bad resources: a real server and the embedded validation give the same answers. */
@ExtendWith(RealServer.class)
class ResourceTableTest {
    private static final String NAMESPACE = "table";
    private static final String PATH = "/apis/vlfinetune.io/v1alpha1/namespaces/" + NAMESPACE + "/vlfinetunes";

    private static KubernetesClient client;
    private final ResourceValidator embedded = ResourceValidator.forRuns();

    @BeforeAll
    static void begin(RealApiServer server) {
        client = server.client();
        server.createNamespace(NAMESPACE);
    }

    static Stream<ResourceTable.Case> creations() {
        return ResourceTable.load().creations().stream();
    }

    static Stream<ResourceTable.Case> updates() {
        return ResourceTable.load().updates().stream();
    }

    @ParameterizedTest
    @MethodSource("creations")
    void aResourceToCreateIsJudgedAlike(ResourceTable.Case row) throws Exception {
        Verdict verdict = Verdict.of(client, "POST", PATH, row.resource());

        assertFound(row, verdict.violations());
        ResourceValidator.Result result = embedded.create(row.resource());
        assertThat(result.valid()).isEqualTo(verdict.violations().isEmpty());
        if (result.valid()) {
            assertThat(verdict.stored().get("spec"))
                    .as("defaults")
                    .isEqualTo(result.resource().get("spec"));
        }
    }

    @ParameterizedTest
    @MethodSource("updates")
    void aChangeIsJudgedAlike(ResourceTable.Case row) throws Exception {
        // given the base resource as the server stored it, in some phase
        VLFineTune base = Serialization.unmarshal(
                client.raw(PATH, "POST", ResourceTable.load().base()), VLFineTune.class);
        try {
            VLFineTune stored = client.resource(base)
                    .subresource("status")
                    .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"status\":{\"phase\":\"" + row.phase() + "\"}}");
            // when it is to be replaced
            ObjectNode changed = row.resource().deepCopy();
            changed.withObjectProperty("metadata")
                    .put("resourceVersion", stored.getMetadata().getResourceVersion());
            Verdict verdict =
                    Verdict.of(client, "PUT", PATH + "/" + base.getMetadata().getName(), changed);
            // then
            assertFound(row, verdict.violations());
        } finally {
            client.resource(base).delete();
        }
    }

    /** The server stops at unknown fields; the embedded validation goes on, so that a person sees everything at once. */
    private static void assertFound(ResourceTable.Case row, List<Violation> found) {
        List<Violation> unknown = row.violations().stream()
                .filter(violation -> violation.message().equals("unknown field"))
                .toList();
        List<Violation> expected = unknown.isEmpty() ? row.violations() : unknown;
        assertThat(found)
                .extracting(Violation::path)
                .containsExactlyInAnyOrderElementsOf(
                        expected.stream().map(Violation::path).toList());
        for (Violation one : expected) {
            assertThat(found).anySatisfy(violation -> {
                assertThat(violation.path()).isEqualTo(one.path());
                assertThat(violation.message()).contains(one.message());
            });
        }
    }
}
