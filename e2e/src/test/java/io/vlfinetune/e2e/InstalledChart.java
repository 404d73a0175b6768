package io.vlfinetune.e2e;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.e2e.chart.Chart;
import java.util.Map;
import java.util.TreeMap;

/**
 * The chart's account and Roles on a real server, for runs in two namespaces; nothing for the whole cluster.
 *
 * @param server the server
 */
record InstalledChart(RealApiServer server) {
    static final String TEAM_A = "vision-a";
    static final String TEAM_B = "vision-b";
    static final String ELSEWHERE = "vision-elsewhere";

    /** Applied, so that every test class may call it. */
    InstalledChart install() {
        server.client()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(Chart.NAMESPACE)
                        .endMetadata()
                        .build())
                .serverSideApply();
        for (String name : new String[] {TEAM_A, TEAM_B, ELSEWHERE}) {
            if (server.client().namespaces().withName(name).get() == null) {
                server.createNamespace(name);
            }
        }
        Map<String, String> values = new TreeMap<>(Map.of("namespaces[0]", TEAM_A, "namespaces[1]", TEAM_B));
        for (HasMetadata object : Chart.render(values)) {
            if (object instanceof ServiceAccount || object instanceof Role || object instanceof RoleBinding) {
                server.client().resource(object).forceConflicts().serverSideApply();
            }
        }
        return this;
    }

    /** A token of the operator's account. */
    String token() {
        return server.client()
                .serviceAccounts()
                .inNamespace(Chart.NAMESPACE)
                .withName(Chart.RELEASE)
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(3600L)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
    }
}
