package io.vlfinetune.e2e;

import static io.vlfinetune.e2e.AccessWorld.FIFTY;
import static io.vlfinetune.e2e.AccessWorld.FIFTY_FIVE;
import static io.vlfinetune.e2e.AccessWorld.OTHER;
import static io.vlfinetune.e2e.AccessWorld.TEAM;
import static io.vlfinetune.e2e.ProgressRequests.Verb.APPLY;
import static io.vlfinetune.e2e.ProgressRequests.Verb.DELETE;
import static io.vlfinetune.e2e.ProgressRequests.Verb.MERGE;
import static io.vlfinetune.e2e.ProgressRequests.Verb.POST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.e2e.ProgressRequests.Answer;
import io.vlfinetune.e2e.ProgressRequests.Verb;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A trainer's pod may write its own progress object and no other: on a real server, with tokens bound to real pods, under
 * the chart's policy and the rights that the operator grants.
 */
@ExtendWith(RealServer.class)
class AccessPolicyTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String REPORT = "{\"report\":{\"attempt\":1,\"sequence\":1}}";
    private static final String LABEL = "{\"metadata\":{\"labels\":{\"run\":\"y\"}}}";
    private static final String OWN = "may only update the progress object of its own Job";
    private static final String UPDATES = "neither creates nor deletes";
    private static final String METADATA = "not its metadata";
    private static final String NAMESPACE = "of its own namespace only";
    private static final String BOUND = "bound to its pod";
    private static final String RBAC = "cannot ";
    private static final String TAKEN = "";

    private static AccessWorld world;

    @BeforeAll
    static void build(RealApiServer server) {
        world = new AccessWorld(server);
    }

    @AfterAll
    static void leave() {
        world.close();
    }

    /** Who sends what to which object, and what the server says: a status and a part of its message. */
    record Try(String who, Verb verb, String namespace, String name, String body, int code, String message) {
        @Override
        public String toString() {
            return "%s %s %s/%s %s -> %d %s".formatted(who, verb, namespace, name, body, code, message);
        }
    }

    static List<Try> reports() {
        return List.of(
                to("pod of a", "a", 200, TAKEN),
                to("pod of a", "a-0", 403, OWN),
                to("pod of a", "a-1", 403, OWN),
                to("pod of a", "ab", 403, OWN),
                to("pod of a", "b", 403, OWN),
                to("pod of a", "a-0-0", 403, OWN),
                to("pod of a-0", "a-0", 200, TAKEN),
                to("pod of a-0", "a", 403, OWN),
                to("pod of a-0", "b", 403, OWN),
                to("pod of a-0", "a-0-0", 403, OWN),
                // A dot is no pattern.
                to("pod of a0b", "a0b", 200, TAKEN),
                to("pod of a0b", "a.b", 403, OWN),
                // Longer names of Jobs are cut inside the names of their pods.
                to("pod of 50 letters", FIFTY, 200, TAKEN),
                to("pod of 58 letters", FIFTY, 403, OWN),
                to("pod of 58 letters", FIFTY_FIVE, 403, OWN),
                // Whatever account a run names.
                to("pod of ab with its run's account", "ab", 200, TAKEN),
                to("pod of ab with its run's account", "a", 403, OWN),
                to("pod of a with careless rights", "a", 200, TAKEN),
                to("pod of a with careless rights", "b", 403, OWN),
                // The right name in the wrong namespace, with a RoleBinding that should not be.
                to("neighbour's pod of a", "a", 403, NAMESPACE),
                new Try("pod of a", MERGE, OTHER, "a", REPORT, 403, NAMESPACE),
                new Try("neighbour's pod of a", MERGE, OTHER, "a", REPORT, 200, TAKEN),
                // Tokens that are no pod's.
                to("account without a pod", "a", 403, BOUND),
                to("account bound to a Secret", "a", 403, BOUND));
    }

    static List<Try> otherWrites() {
        String made =
                "{\"apiVersion\":\"vlfinetune.io/v1alpha1\",\"kind\":\"VLFineTuneProgress\",\"metadata\":{\"name\":\"%s\"}}";
        String owner =
                "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"x\",\"uid\":\"x\"}]}}";
        return List.of(
                by("pod of a", MERGE, "a", "{}", 200, TAKEN),
                by("pod of a", APPLY, "a", made.formatted("a"), 200, TAKEN),
                by("pod of a", MERGE, "a", LABEL, 403, METADATA),
                by("pod of a", MERGE, "a", "{\"metadata\":{\"labels\":null}}", 403, METADATA),
                by("pod of a", MERGE, "a", "{\"metadata\":{\"annotations\":{\"x\":\"y\"}}}", 403, METADATA),
                by("pod of a", MERGE, "a", "{\"metadata\":{\"finalizers\":[\"x.io/y\"]}}", 403, METADATA),
                by("pod of a", MERGE, "a", owner, 403, METADATA),
                by("pod of a", MERGE, "a/status", REPORT, 403, RBAC),
                by("pod of a", APPLY, "new", made.formatted("new"), 403, RBAC),
                by("pod of a", POST, "", made.formatted("new"), 403, RBAC),
                by("pod of a", DELETE, "a", "{}", 403, RBAC),
                by("pod of a", DELETE, "", "{}", 403, RBAC),
                // What roles allow by mistake, the policy still refuses.
                by("pod of a with careless rights", POST, "", made.formatted("new"), 403, UPDATES),
                by("pod of a with careless rights", APPLY, "new", made.formatted("new"), 403, UPDATES),
                by("pod of a with careless rights", DELETE, "a", "{}", 403, UPDATES),
                by("pod of a with careless rights", DELETE, "", "{}", 403, UPDATES),
                by("pod of a with careless rights", MERGE, "a", LABEL, 403, METADATA),
                // The kind's own rules hold beside the policy.
                by("pod of a", MERGE, "a", "{\"report\":null}", 422, "report"),
                by("pod of a", MERGE, "a", "{\"report\":{\"attempt\":0}}", 422, "report"),
                by("pod of a", MERGE, "a", "{\"report\":{\"sequence\":null}}", 422, "sequence"));
    }

    @ParameterizedTest
    @MethodSource({"reports", "otherWrites"})
    void aTrainerMayWriteTheReportOfItsOwnAttemptAndNothingElse(Try attempt) {
        world.as("pod of a").send(MERGE, TEAM, "a", REPORT);

        Answer answer =
                world.as(attempt.who()).send(attempt.verb(), attempt.namespace(), attempt.name(), attempt.body());

        assertThat(answer.code()).as(answer.message()).isEqualTo(attempt.code());
        assertThat(answer.message()).contains(attempt.message());
    }

    static List<Try> everybodyElse() {
        String orphan = "{\"metadata\":{\"ownerReferences\":null,\"finalizers\":null}}";
        String foreground = "{\"propagationPolicy\":\"Foreground\"}";
        return List.of(
                by("operator", MERGE, "a-1", REPORT, 200, TAKEN),
                by("administrator", MERGE, "b", LABEL, 200, TAKEN),
                by("GitOps tool", MERGE, "b", LABEL, 200, TAKEN),
                by("GitOps tool", DELETE, "b", foreground, 200, TAKEN),
                // The collector takes finalizers away, then deletes.
                by("garbage collector", MERGE, "b", orphan, 200, TAKEN),
                by("garbage collector", DELETE, "a-1", "{}", 200, TAKEN),
                by("namespace controller", DELETE, "", "{}", 200, TAKEN));
    }

    @Test
    void theOperatorTheCollectorsAPruneAndPeopleAreLeftToTheirRoles(RealApiServer server) {
        String namespace = "access-others";
        world.namespace(namespace);
        world.gitOpsIn(namespace);
        for (String name : List.of("a-1", "b", "c")) {
            world.progress(namespace, name);
        }
        for (Try attempt : everybodyElse()) {
            Answer answer = world.as(attempt.who()).send(attempt.verb(), namespace, attempt.name(), attempt.body());
            assertThat(answer.code()).as("%s: %s", attempt, answer.message()).isEqualTo(attempt.code());
        }
        assertThat(server.client()
                        .resources(VLFineTuneProgress.class)
                        .inNamespace(namespace)
                        .list()
                        .getItems())
                .isEmpty();
    }

    @Test
    void givenAPodThatIsGoneThenItsTokenIsWorthNothing(RealApiServer server) {
        world.pod("pod that goes", TEAM, "a-0-gone1", "vlfinetune-trainer");
        server.client()
                .pods()
                .inNamespace(TEAM)
                .withName("a-0-gone1")
                .withGracePeriod(0)
                .delete();

        // The server learns of it by a watch of its own, and believes a token for ten seconds that it has believed
        // once.
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> world.as("pod that goes").report(TEAM, "a", 2).code(), Integer.valueOf(401)::equals);
    }

    private static Try to(String who, String name, int code, String message) {
        return by(who, MERGE, name, REPORT, code, message);
    }

    private static Try by(String who, Verb verb, String name, String body, int code, String message) {
        return new Try(who, verb, TEAM, name, body, code, message);
    }
}
