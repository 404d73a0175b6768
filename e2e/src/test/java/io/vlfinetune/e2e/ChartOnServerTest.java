package io.vlfinetune.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.e2e.chart.Chart;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the chart renders is what a real API server takes; asked with dry runs, so that nothing is stored. */
@ExtendWith(RealServer.class)
class ChartOnServerTest {
    @Test
    void everyRenderedObjectIsAccepted(RealApiServer server) {
        server.createNamespace(Chart.NAMESPACE);
        List<HasMetadata> objects = Chart.render(Map.of(
                "namespaces[0]", Chart.NAMESPACE,
                "trainer.serviceAccount.name", "trainer",
                "trainer.serviceAccount.create", "true"));

        assertThat(objects)
                .hasSizeGreaterThan(5)
                .allSatisfy(object -> assertThat(
                                server.client().resource(object).dryRun().create())
                        .as(object.getKind())
                        .isNotNull());
    }
}
