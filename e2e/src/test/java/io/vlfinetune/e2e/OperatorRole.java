package io.vlfinetune.e2e;

import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.vlfinetune.e2e.chart.Chart;
import java.util.Map;

/** What the operator may do: the chart's rules as Helm renders them. */
final class OperatorRole {
    private OperatorRole() {}

    /** The chart's only ClusterRole. */
    static ClusterRole read() {
        return Chart.render(Map.of()).stream()
                .filter(ClusterRole.class::isInstance)
                .map(ClusterRole.class::cast)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the chart renders no ClusterRole"));
    }
}
