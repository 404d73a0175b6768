package io.vlfinetune.operator.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.vlfinetune.api.SchedulingSpec;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.Samples;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TrainerAccessTest {
    @Test
    void givenARunThatNamesNoAccountThenAccountRoleAndBindingBearOneName() {
        List<HasMetadata> objects = access(null).objects();

        assertThat(objects).extracting(HasMetadata::getKind).containsExactly("ServiceAccount", "Role", "RoleBinding");
        assertThat(objects).allSatisfy(object -> {
            assertThat(object.getMetadata().getName()).isEqualTo("vlfinetune-trainer");
            assertThat(object.getMetadata().getNamespace()).isEqualTo("team");
            assertThat(object.getMetadata().getOwnerReferences()).isEmpty();
        });
        assertThat(((ServiceAccount) objects.getFirst()).getAutomountServiceAccountToken())
                .isFalse();
        assertThat(((Role) objects.get(1)).getRules())
                .containsExactly(new PolicyRuleBuilder()
                        .withApiGroups("vlfinetune.io")
                        .withResources("vlfinetuneprogresses")
                        .withVerbs("patch")
                        .build());
        assertBinds((RoleBinding) objects.getLast(), "vlfinetune-trainer");
    }

    @Test
    void givenARunThatNamesAnAccountThenThatOneIsBoundAndNotMade() {
        List<HasMetadata> objects = access("bucket-reader").objects();

        assertThat(objects).extracting(HasMetadata::getKind).containsExactly("Role", "RoleBinding");
        assertThat(objects.getLast().getMetadata().getName()).isEqualTo("vlfinetune-trainer-bucket-reader");
        assertBinds((RoleBinding) objects.getLast(), "bucket-reader");
    }

    @Test
    void givenARunThatNamesTheUsualAccountThenItIsTheUsualAccess() {
        assertThat(access("vlfinetune-trainer")).isEqualTo(access(null));
    }

    @Test
    void givenTrainersWithoutATokenThenNoAccessIsNeeded() {
        assertThat(TrainerAccess.of(run("bucket-reader"), Samples.CONFIGURATION.withoutLiveChannel()))
                .isEmpty();
    }

    @Test
    void whatIsRememberedOfANamespaceGoesWithARunOfIt() {
        AccessMemory memory = new AccessMemory();
        TrainerAccess other = new TrainerAccess("other", "vlfinetune-trainer", true);
        memory.remember(access(null));
        memory.remember(access("bucket-reader"));
        memory.remember(other);

        memory.forget("team");

        assertThat(memory.knows(access(null))).isFalse();
        assertThat(memory.knows(access("bucket-reader"))).isFalse();
        assertThat(memory.knows(other)).isTrue();
    }

    private static void assertBinds(RoleBinding binding, String account) {
        assertThat(binding.getRoleRef().getKind()).isEqualTo("Role");
        assertThat(binding.getRoleRef().getName()).isEqualTo("vlfinetune-trainer");
        assertThat(binding.getSubjects()).singleElement().satisfies(subject -> {
            assertThat(subject.getKind()).isEqualTo("ServiceAccount");
            assertThat(subject.getName()).isEqualTo(account);
            assertThat(subject.getNamespace()).isEqualTo("team");
        });
    }

    private static TrainerAccess access(@Nullable String account) {
        return TrainerAccess.of(run(account), Samples.CONFIGURATION).orElseThrow();
    }

    private static VLFineTune run(@Nullable String account) {
        VLFineTuneSpec spec = Samples.spec();
        return Samples.run(new VLFineTuneSpec(
                spec.model(),
                spec.data(),
                spec.freeze(),
                spec.training(),
                spec.output(),
                spec.resources(),
                new SchedulingSpec(null, null, null, null, null, account, null, null),
                null,
                null));
    }
}
