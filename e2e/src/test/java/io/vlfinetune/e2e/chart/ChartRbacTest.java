package io.vlfinetune.e2e.chart;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicy;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBinding;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.api.model.rbac.Subject;
import io.vlfinetune.operator.access.ProgressPolicy;
import io.vlfinetune.operator.access.TrainerAccess;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What the chart allows, and to whom. */
class ChartRbacTest {
    /** All that the operator may do: {@code group/resource} to verbs. */
    private static final Map<String, Set<String>> OPERATOR = Map.of(
            "vlfinetune.io/vlfinetunes", Set.of("get", "list", "watch"),
            "vlfinetune.io/vlfinetunes/status", Set.of("patch"),
            "vlfinetune.io/vlfinetunes/finalizers", Set.of("update"),
            "vlfinetune.io/vlfinetuneprogresses", Set.of("create", "get", "list", "watch", "delete"),
            "batch/jobs", Set.of("create", "get", "list", "watch", "delete"),
            "/pods", Set.of("list", "watch"),
            "/persistentvolumeclaims", Set.of("create", "get", "delete"),
            "/events", Set.of("create"),
            "kueue.x-k8s.io/workloads", Set.of("list", "watch"));

    /** What it may do in its own namespace, to agree with others on a leader. */
    private static final Map<String, Set<String>> ELECTION = Map.of(
            "coordination.k8s.io/leases", Set.of("create", "get", "update", "patch"), "/events", Set.of("create"));

    private static final String ELECTION_ROLE = "vlfinetune-operator-leader-election";

    /** What it may do beside that where trainers have a token: what they share, and no more than patch to grant. */
    private static final Map<String, Set<String>> GRANTING = Map.of(
            "vlfinetune.io/vlfinetuneprogresses", Set.of("create", "get", "list", "watch", "delete", "patch"),
            "/serviceaccounts", Set.of("create"),
            "rbac.authorization.k8s.io/roles", Set.of("create"),
            "rbac.authorization.k8s.io/rolebindings", Set.of("create"));

    /** By which it finds out whether the admission policy is there. */
    private static final Map<String, Set<String>> LOOKING = Map.of(
            "admissionregistration.k8s.io/validatingadmissionpolicies", Set.of("get"),
            "admissionregistration.k8s.io/validatingadmissionpolicybindings", Set.of("get"));

    private static final Map<String, Set<String>> TRAINER =
            Map.of("vlfinetune.io/vlfinetuneprogresses", Set.of("patch"));

    private static final Map<String, String> TWO_NAMESPACES =
            Map.of("namespaces[0]", "team-a", "namespaces[1]", "team-b");

    @Test
    void givenAllNamespacesThenOneClusterRoleHoldsTheListedVerbsAndNoOthers() {
        List<HasMetadata> objects = Chart.render(Map.of());

        assertElection(objects);
        assertThat(of(objects, ClusterRole.class)).singleElement().satisfies(role -> {
            assertThat(verbs(role.getRules())).isEqualTo(all(OPERATOR, GRANTING, LOOKING));
            assertThat(role.getRules())
                    .filteredOn(rule -> rule.getApiGroups().contains("admissionregistration.k8s.io"))
                    .allSatisfy(rule -> assertThat(rule.getResourceNames()).containsExactly(ProgressPolicy.NAME));
        });
        assertThat(of(objects, ClusterRoleBinding.class)).singleElement().satisfies(binding -> {
            assertThat(binding.getRoleRef().getKind()).isEqualTo("ClusterRole");
            assertThat(binding.getRoleRef().getName())
                    .isEqualTo(of(objects, ClusterRole.class)
                            .getFirst()
                            .getMetadata()
                            .getName());
            assertOperator(objects, binding.getSubjects());
        });
    }

    @Test
    void givenTwoNamespacesThenThereIsARoleInEachAndNothingForTheWholeCluster() {
        List<HasMetadata> objects = Chart.render(TWO_NAMESPACES);

        assertThat(of(objects, ClusterRole.class)).isEmpty();
        assertThat(of(objects, ClusterRoleBinding.class)).isEmpty();
        assertElection(objects);
        assertThat(of(objects, Role.class))
                .filteredOn(role -> !role.getMetadata().getName().equals(ELECTION_ROLE))
                .allSatisfy(role -> assertThat(verbs(role.getRules())).isEqualTo(all(OPERATOR, GRANTING)))
                .extracting(role -> role.getMetadata().getNamespace())
                .containsExactlyInAnyOrder("team-a", "team-b");
        assertThat(objects).extracting(HasMetadata::getKind).noneMatch(kind -> kind.startsWith("Validating"));
        assertThat(of(objects, RoleBinding.class)).hasSize(3).allSatisfy(binding -> {
            assertThat(binding.getRoleRef().getKind()).isEqualTo("Role");
            assertOperator(objects, binding.getSubjects());
        });
    }

    @Test
    void givenATrainerAccountThenItMayPatchProgressAndNothingElse() {
        Map<String, String> values = new TreeMap<>(TWO_NAMESPACES);
        values.put("trainer.serviceAccount.name", "trainer");
        values.put("trainer.serviceAccount.create", "true");
        List<HasMetadata> objects = Chart.render(values);

        assertThat(of(objects, Role.class))
                .filteredOn(role -> role.getMetadata().getName().equals("vlfinetune-trainer"))
                .hasSize(2)
                .allSatisfy(role -> assertThat(verbs(role.getRules())).isEqualTo(TRAINER));
        assertThat(of(objects, RoleBinding.class))
                .filteredOn(binding -> binding.getMetadata().getName().equals("vlfinetune-trainer-trainer"))
                .hasSize(2)
                .allSatisfy(binding -> assertThat(binding.getSubjects())
                        .singleElement()
                        .satisfies(subject -> {
                            assertThat(subject.getName()).isEqualTo("trainer");
                            assertThat(subject.getNamespace())
                                    .isEqualTo(binding.getMetadata().getNamespace());
                        }));
    }

    @Test
    void givenATrainerAccountThenTheChartNamesTheAccessAsTheOperatorDoes() {
        for (String account : List.of("vlfinetune-trainer", "trainer")) {
            List<HasMetadata> objects = Chart.render(Map.of(
                    "namespaces[0]",
                    "team-a",
                    "trainer.serviceAccount.name",
                    account,
                    "trainer.serviceAccount.create",
                    "true"));

            assertThat(objects)
                    .extracting(object ->
                            object.getKind() + "/" + object.getMetadata().getName())
                    .containsAll(new TrainerAccess("team-a", account, true)
                            .objects().stream()
                                    .map(object -> object.getKind() + "/"
                                            + object.getMetadata().getName())
                                    .toList());
        }
    }

    @Test
    void givenAllNamespacesThenTheAdmissionPolicyComesWithTheRelease() {
        List<HasMetadata> objects = Chart.render(Map.of("trainer.serviceAccount.name", "trainer"));

        assertThat(objects)
                .extracting(HasMetadata::getKind)
                .containsExactlyInAnyOrder(
                        "ServiceAccount",
                        "ClusterRole",
                        "ClusterRoleBinding",
                        "Role",
                        "RoleBinding",
                        "Deployment",
                        "ValidatingAdmissionPolicy",
                        "ValidatingAdmissionPolicyBinding");
        assertThat(of(objects, ValidatingAdmissionPolicyBinding.class))
                .singleElement()
                .satisfies(binding -> {
                    assertThat(binding.getMetadata().getName()).isEqualTo(ProgressPolicy.NAME);
                    assertThat(binding.getSpec().getPolicyName()).isEqualTo(ProgressPolicy.NAME);
                    assertThat(binding.getSpec().getValidationActions()).containsExactly("Deny");
                });
    }

    @Test
    void givenNamespacesAndThePolicyThenTheOperatorMayLookForIt() {
        Map<String, String> values = new TreeMap<>(TWO_NAMESPACES);
        values.put("trainer.progressPolicy", "create");
        List<HasMetadata> objects = Chart.render(values);

        assertThat(of(objects, ValidatingAdmissionPolicy.class)).hasSize(1);
        assertThat(of(objects, ClusterRole.class))
                .singleElement()
                .satisfies(role -> assertThat(verbs(role.getRules())).isEqualTo(LOOKING));
        assertThat(of(objects, ClusterRoleBinding.class))
                .singleElement()
                .satisfies(binding -> assertOperator(objects, binding.getSubjects()));
    }

    @Test
    void givenTrainersWithoutATokenThenNothingCanBeGrantedAndNoPolicyIsMade() {
        List<HasMetadata> objects = Chart.render(Map.of("trainer.serviceAccount.name", ""));

        assertThat(of(objects, ClusterRole.class))
                .singleElement()
                .satisfies(role -> assertThat(verbs(role.getRules())).isEqualTo(OPERATOR));
        assertThat(of(objects, ValidatingAdmissionPolicy.class)).isEmpty();
    }

    @Test
    void givenRightsOfSomebodyElseThenNoneAreMade() {
        List<HasMetadata> objects = Chart.render(Map.of("rbac.create", "false"));

        assertThat(objects)
                .extracting(HasMetadata::getKind)
                .containsExactlyInAnyOrder(
                        "ServiceAccount",
                        "Deployment",
                        "ValidatingAdmissionPolicy",
                        "ValidatingAdmissionPolicyBinding");
    }

    @Test
    void givenNoElectionThenThereAreNoRightsForOne() {
        List<HasMetadata> objects = Chart.render(Map.of("leaderElection.enabled", "false"));

        assertThat(of(objects, Role.class)).isEmpty();
        assertThat(of(objects, RoleBinding.class)).isEmpty();
    }

    private static void assertElection(List<HasMetadata> objects) {
        assertThat(of(objects, Role.class))
                .filteredOn(role -> role.getMetadata().getName().equals(ELECTION_ROLE))
                .singleElement()
                .satisfies(role -> {
                    assertThat(role.getMetadata().getNamespace()).isEqualTo(Chart.NAMESPACE);
                    assertThat(verbs(role.getRules())).isEqualTo(ELECTION);
                });
        assertThat(of(objects, RoleBinding.class))
                .filteredOn(binding -> binding.getRoleRef().getName().equals(ELECTION_ROLE))
                .singleElement()
                .satisfies(binding -> {
                    assertThat(binding.getMetadata().getNamespace()).isEqualTo(Chart.NAMESPACE);
                    assertOperator(objects, binding.getSubjects());
                });
    }

    private static void assertOperator(List<HasMetadata> objects, List<Subject> subjects) {
        String account =
                of(objects, ServiceAccount.class).getFirst().getMetadata().getName();
        assertThat(of(objects, Deployment.class)
                        .getFirst()
                        .getSpec()
                        .getTemplate()
                        .getSpec()
                        .getServiceAccountName())
                .isEqualTo(account);
        assertThat(subjects).singleElement().satisfies(subject -> {
            assertThat(subject.getKind()).isEqualTo("ServiceAccount");
            assertThat(subject.getName()).isEqualTo(account);
            assertThat(subject.getNamespace()).isEqualTo(Chart.NAMESPACE);
        });
    }

    /** The later win. */
    @SafeVarargs
    private static Map<String, Set<String>> all(Map<String, Set<String>>... rights) {
        Map<String, Set<String>> all = new TreeMap<>();
        for (Map<String, Set<String>> some : rights) {
            all.putAll(some);
        }
        return all;
    }

    /** Group and resource to verbs. A wildcard stands there as itself, and is in no list above. */
    private static Map<String, Set<String>> verbs(List<PolicyRule> rules) {
        Map<String, Set<String>> verbs = new TreeMap<>();
        for (PolicyRule rule : rules) {
            assertThat(rule.getNonResourceURLs()).isEmpty();
            for (String group : rule.getApiGroups()) {
                for (String resource : rule.getResources()) {
                    verbs.computeIfAbsent(group + "/" + resource, key -> new TreeSet<>())
                            .addAll(rule.getVerbs());
                }
            }
        }
        return verbs;
    }

    private static <T extends HasMetadata> List<T> of(List<HasMetadata> objects, Class<T> kind) {
        return objects.stream().filter(kind::isInstance).map(kind::cast).toList();
    }
}
