package io.vlfinetune.e2e;

import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;

/**
 * Logs in to a real server as a service account, so that nothing is allowed which its roles do not say.
 *
 * @param server the server
 */
public record Rights(RealApiServer server) {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String GROUP = "rbac.authorization.k8s.io";

    /** Makes a service account that may do what a cluster role says, and nothing else. */
    public void grant(String account, ClusterRole role) {
        server.client()
                .resource(new ServiceAccountBuilder()
                        .withNewMetadata()
                        .withName(account)
                        .withNamespace(RealApiServer.NAMESPACE)
                        .endMetadata()
                        .build())
                .create();
        server.client().resource(role).create();
        server.client()
                .resource(new ClusterRoleBindingBuilder()
                        .withNewMetadata()
                        .withName(account)
                        .endMetadata()
                        .withNewRoleRef(GROUP, "ClusterRole", role.getMetadata().getName())
                        .addNewSubject("", "ServiceAccount", account, RealApiServer.NAMESPACE)
                        .build())
                .create();
        await().atMost(PATIENCE).until(() -> allowed(account, role.getRules()));
    }

    /** The server takes roles into account once a watch of its own has brought them. */
    private boolean allowed(String account, List<PolicyRule> rules) {
        PolicyRule rule = rules.getFirst();
        return server.client()
                .authorization()
                .v1()
                .subjectAccessReview()
                .create(new SubjectAccessReviewBuilder()
                        .withNewSpec()
                        .withUser("system:serviceaccount:%s:%s".formatted(RealApiServer.NAMESPACE, account))
                        .withNewResourceAttributes()
                        .withNamespace(RealApiServer.NAMESPACE)
                        .withGroup(rule.getApiGroups().getFirst())
                        .withResource(rule.getResources().getFirst())
                        .withVerb(rule.getVerbs().getFirst())
                        .endResourceAttributes()
                        .endSpec()
                        .build())
                .getStatus()
                .getAllowed();
    }

    /** A login with a token of the account, and with nothing of the administrator's. */
    public Config login(String account) {
        String token = server.client()
                .serviceAccounts()
                .inNamespace(RealApiServer.NAMESPACE)
                .withName(account)
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(3600L)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
        return withToken(token);
    }

    /** A login with that token, and with nothing of the administrator's. */
    Config withToken(String token) {
        return new ConfigBuilder(Config.empty())
                .withMasterUrl(server.url().toString())
                .withCaCertData(
                        Base64.getEncoder().encodeToString(server.authority().getBytes(StandardCharsets.UTF_8)))
                .withOauthToken(token)
                .withNamespace(RealApiServer.NAMESPACE)
                .withRequestRetryBackoffLimit(1)
                .build();
    }
}
