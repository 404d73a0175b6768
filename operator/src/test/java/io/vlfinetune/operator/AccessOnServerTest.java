package io.vlfinetune.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.api.SchedulingSpec;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.cluster.MemoryApiServer;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the whole operator writes so that trainers may report. */
class AccessOnServerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String CORE = "POST /api/v1/namespaces/team/";
    private static final String RBAC = "POST /apis/rbac.authorization.k8s.io/v1/namespaces/team/";
    private static final List<String> COMPLETE =
            List.of(CORE + "serviceaccounts", RBAC + "roles", RBAC + "rolebindings");

    private final MemoryApiServer server = new MemoryApiServer();
    private final KubernetesClient user = server.client("user");
    private final KubernetesClient operatorClient = server.client("operator");
    private final VLFineTuneOperator operator =
            VLFineTuneOperator.start(operatorClient, Samples.CONFIGURATION, Clock.systemUTC(), (uid, attempt) -> 0);

    @AfterEach
    void stop() {
        operator.close();
        operatorClient.close();
        user.close();
        server.close();
    }

    @Test
    void givenTwoRunsOfANamespaceThenTheSecondCostsNoAccess() {
        start("first", null);
        assertThat(accessWrites()).isEqualTo(COMPLETE);

        start("second", null);

        assertThat(accessWrites()).isEqualTo(COMPLETE);
        assertThat(user.serviceAccounts().withName("vlfinetune-trainer").get()).isNotNull();
    }

    @Test
    void givenARunWithAnAccountOfItsOwnThenItIsBoundAndNeverMade() {
        start("first", "bucket-reader");
        start("second", "bucket-reader");

        assertThat(accessWrites()).containsExactly(RBAC + "roles", RBAC + "rolebindings");
        assertThat(user.serviceAccounts().list().getItems()).isEmpty();
        assertThat(user.rbac().roleBindings().list().getItems())
                .singleElement()
                .satisfies(binding ->
                        assertThat(binding.getSubjects().getFirst().getName()).isEqualTo("bucket-reader"));
    }

    @Test
    void givenARunThatIsDeletedThenTheNextOneMakesSureAgainSinceTheNamespaceMayBeANewOne() {
        start("first", null);
        user.resources(VLFineTune.class).withName("first").delete();
        user.batch().v1().jobs().delete();
        await().atMost(PATIENCE)
                .until(() -> user.resources(VLFineTune.class).withName("first").get() == null);
        user.serviceAccounts().delete();
        user.rbac().roleBindings().delete();

        // The operator hears of the deletion by its watch, which may be later than the start of a next run.
        AtomicInteger next = new AtomicInteger();
        await().atMost(PATIENCE).until(() -> {
            start("next-" + next.incrementAndGet(), null);
            return user.serviceAccounts().withName("vlfinetune-trainer").get() != null;
        });
        assertThat(user.rbac().roleBindings().withName("vlfinetune-trainer").get())
                .isNotNull();
    }

    private List<String> accessWrites() {
        return server.writes("operator").stream()
                .filter(write -> write.contains("rbac.authorization") || write.contains("serviceaccounts"))
                .toList();
    }

    private void start(String name, @Nullable String account) {
        VLFineTuneSpec spec = Samples.spec("pvc://models/base", null, 0);
        VLFineTune run = Samples.run(new VLFineTuneSpec(
                spec.model(),
                spec.data(),
                spec.freeze(),
                spec.training(),
                spec.output(),
                spec.resources(),
                new SchedulingSpec(null, null, null, null, null, account, null, null),
                null,
                null));
        run.getMetadata().setName(name);
        run.getMetadata().setUid(null);
        user.resource(run).create();
        await().atMost(PATIENCE)
                .until(() -> user.batch().v1().jobs().withName(name + "-1").get() != null);
    }
}
