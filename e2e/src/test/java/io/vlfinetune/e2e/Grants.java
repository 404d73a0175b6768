package io.vlfinetune.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.BoundObjectReference;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Accounts, rights at progress objects and tokens, as an administrator makes them.
 *
 * @param admin may do anything
 */
record Grants(KubernetesClient admin) {
    /** Makes a service account. */
    void account(String namespace, String name) {
        admin.resource(new ServiceAccountBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace(namespace)
                        .endMetadata()
                        .build())
                .create();
    }

    /** Makes a cluster role with verbs at progress objects: at those of the given names, or at all if there are none. */
    void role(String name, List<String> verbs, List<String> names) {
        admin.resource(new ClusterRoleBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .endMetadata()
                        .addNewRule()
                        .withApiGroups("vlfinetune.io")
                        .withResources("vlfinetuneprogresses")
                        .withResourceNames(names)
                        .withVerbs(verbs)
                        .endRule()
                        .build())
                .create();
    }

    /** Grants a cluster role within a namespace to an account, which may be another namespace's. */
    void bind(String namespace, String role, String accountNamespace, String account) {
        admin.resource(new RoleBindingBuilder()
                        .withNewMetadata()
                        .withName(role)
                        .withNamespace(namespace)
                        .endMetadata()
                        .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", role)
                        .addNewSubject("", "ServiceAccount", account, accountNamespace)
                        .build())
                .create();
    }

    /** A token of a pod's account as its kubelet would get it. */
    String podToken(Pod pod) {
        return token(
                pod.getMetadata().getNamespace(),
                pod.getSpec().getServiceAccountName(),
                new BoundObjectReference(
                        "v1",
                        "Pod",
                        pod.getMetadata().getName(),
                        pod.getMetadata().getUid()));
    }

    /** A token of an account, bound to an object or to none. */
    String token(String namespace, String account, @Nullable BoundObjectReference bound) {
        return admin.serviceAccounts()
                .inNamespace(namespace)
                .withName(account)
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(3600L)
                        .withBoundObjectRef(bound)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
    }
}
