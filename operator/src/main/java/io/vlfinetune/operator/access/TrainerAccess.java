package io.vlfinetune.operator.access;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.attempt.Children;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What the trainers of a namespace need in order to report: an account, and the right to patch progress objects. It is
 * shared by all runs of the namespace, belongs to none of them and stays when they go. Which object a pod may patch is
 * not said here: that is the admission policy's part.
 *
 * @param namespace namespace of the runs
 * @param account service account of their pods
 * @param own whether the account is the operator's to create; one that a run names is somebody else's
 */
public record TrainerAccess(String namespace, String account, boolean own) {
    /** Name of the Role in every namespace, and of the account unless the operator was told another. */
    public static final String NAME = "vlfinetune-trainer";

    private static final String RBAC = "rbac.authorization.k8s.io";

    /** The access that a run's trainers need; empty where trainers report nothing, or report without a token. */
    public static Optional<TrainerAccess> of(VLFineTune run, OperatorConfiguration configuration) {
        String usual = configuration.trainerServiceAccount();
        if (usual == null) {
            return Optional.empty();
        }
        String named = run.getSpec().scheduling().serviceAccountName();
        String account = Objects.requireNonNullElse(named, usual);
        return Optional.of(new TrainerAccess(run.getMetadata().getNamespace(), account, account.equals(usual)));
    }

    /** The objects to create, in order. */
    public List<HasMetadata> objects() {
        List<HasMetadata> objects = new ArrayList<>();
        if (own) {
            objects.add(new ServiceAccountBuilder()
                    .withMetadata(metadata(account))
                    .withAutomountServiceAccountToken(false)
                    .build());
        }
        objects.add(new RoleBuilder()
                .withMetadata(metadata(NAME))
                .addNewRule()
                .withApiGroups(VLFineTune.GROUP)
                .withResources("vlfinetuneprogresses")
                .withVerbs("patch")
                .endRule()
                .build());
        objects.add(new RoleBindingBuilder()
                .withMetadata(metadata(bindingName()))
                .withNewRoleRef(RBAC, "Role", NAME)
                .addNewSubject("", "ServiceAccount", account, namespace)
                .build());
        return List.copyOf(objects);
    }

    /** One binding for each account, so that nothing that exists must ever be changed. */
    private String bindingName() {
        return account.equals(NAME) ? NAME : NAME + "-" + account;
    }

    private ObjectMeta metadata(String name) {
        return new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(namespace)
                .addToLabels("app.kubernetes.io/name", NAME)
                .addToLabels("app.kubernetes.io/part-of", "vlfinetune")
                .addToLabels(Children.MANAGED_BY, Children.OPERATOR)
                .build();
    }
}
