package io.vlfinetune.e2e;

import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.authentication.BoundObjectReference;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.e2e.chart.Chart;
import io.vlfinetune.operator.access.TrainerAccess;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Two namespaces of a real server with progress objects and pods of trainers, with the access that the operator grants by
 * its own rights, with grants that nobody should make, and everybody else who might write to progress objects.
 */
final class AccessWorld implements AutoCloseable {
    static final String TEAM = "access-team";
    static final String OTHER = "access-other";
    /** The longest name of a Job that is never cut inside the names of its pods, and what longer ones are cut to. */
    static final String FIFTY = "y".repeat(50);

    static final String FIFTY_FIVE = "y".repeat(55);

    private static final String OPERATOR = "access-operator";
    private static final String TRAINER = TrainerAccess.NAME;

    private final KubernetesClient admin;
    private final Rights rights;
    private final Grants grants;
    private final Map<String, KubernetesClient> actors = new TreeMap<>();

    AccessWorld(RealApiServer server) {
        admin = server.client();
        rights = new Rights(server);
        grants = new Grants(admin);
        Chart.progressPolicy().forEach(object -> admin.resource(object).serverSideApply());
        ClusterRole role = Chart.operatorRole();
        role.getMetadata().setName(OPERATOR);
        rights.grant(OPERATOR, role);
        actors.put("operator", client(rights.login(OPERATOR)));
        List.of(TEAM, OTHER).forEach(this::namespace);
        List.of("a", "a-0", "a-1", "a-0-0", "ab", "b", "a.b", "a0b", FIFTY, FIFTY_FIVE)
                .forEach(name -> progress(TEAM, name));
        progress(OTHER, "a");
        trainers();
        careless();
        others();
        await().atMost(Duration.ofSeconds(60))
                .until(() -> as("pod of a").report(TEAM, "b", 1).code() == 403);
    }

    /** A namespace that enforces restricted pods, with the access that the operator makes there. */
    void namespace(String name) {
        admin.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                        .endMetadata()
                        .build())
                .create();
        grants.account(name, "bucket-reader");
        for (TrainerAccess access :
                List.of(new TrainerAccess(name, TRAINER, true), new TrainerAccess(name, "bucket-reader", false))) {
            access.objects().stream()
                    .filter(object -> access.own() || object.getKind().equals("RoleBinding"))
                    .forEach(object -> operator().resource(object).create());
        }
    }

    /** An attempt's object as the operator makes it. */
    void progress(String namespace, String name) {
        VLFineTuneProgress progress = new VLFineTuneProgress();
        progress.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(namespace)
                .addToLabels("run", "x")
                .build());
        operator().resource(progress).create();
    }

    private void trainers() {
        pod("pod of a", TEAM, "a-0-abcde", TRAINER);
        pod("pod of a-0", TEAM, "a-0-0-abcde", TRAINER);
        pod("pod of a0b", TEAM, "a0b-0-abcde", TRAINER);
        pod("pod of 50 letters", TEAM, FIFTY + "-0-abcde", TRAINER);
        pod("pod of 58 letters", TEAM, FIFTY_FIVE + "-0-abcde", TRAINER);
        pod("pod of ab with its run's account", TEAM, "ab-0-abcde", "bucket-reader");
        pod("neighbour's pod of a", OTHER, "a-0-abcde", TRAINER);
        actors.put("account without a pod", client(rights.withToken(grants.token(TEAM, TRAINER, null))));
        String uid = admin.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName("any")
                        .withNamespace(TEAM)
                        .endMetadata()
                        .build())
                .create()
                .getMetadata()
                .getUid();
        BoundObjectReference secret = new BoundObjectReference("v1", "Secret", "any", uid);
        actors.put("account bound to a Secret", client(rights.withToken(grants.token(TEAM, TRAINER, secret))));
    }

    /** The other namespace's trainers here and ours there; creation; deletion of one, or of all at once. */
    private void careless() {
        grants.role("access-patching", List.of("patch"), List.of());
        grants.bind(TEAM, "access-patching", OTHER, TRAINER);
        grants.bind(OTHER, "access-patching", TEAM, TRAINER);
        grants.account(TEAM, "careless");
        grants.role("access-careless", List.of("create", "update", "patch", "deletecollection"), List.of());
        grants.role("access-deletes-a", List.of("delete"), List.of("a"));
        grants.bind(TEAM, "access-careless", TEAM, "careless");
        grants.bind(TEAM, "access-deletes-a", TEAM, "careless");
        pod("pod of a with careless rights", TEAM, "a-0-care1", "careless");
    }

    private void others() {
        grants.account(TEAM, "gitops");
        grants.role("access-gitops", List.of("get", "list", "patch", "update", "delete"), List.of());
        actors.put("GitOps tool", client(rights.withToken(grants.token(TEAM, "gitops", null))));
        actors.put("administrator", client(admin.getConfiguration()));
        actors.put("garbage collector", client(controller("generic-garbage-collector")));
        actors.put("namespace controller", client(controller("namespace-controller")));
    }

    /** Lets the GitOps tool work in a namespace. */
    void gitOpsIn(String namespace) {
        grants.bind(namespace, "access-gitops", TEAM, "gitops");
    }

    /** As the controller-manager logs in for each of its controllers; their roles are the server's own. */
    private Config controller(String name) {
        return new ConfigBuilder(admin.getConfiguration())
                .withImpersonateUsername("system:serviceaccount:kube-system:" + name)
                .withImpersonateGroups(
                        "system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated")
                .build();
    }

    /** Makes a pod and lets it act with its own token. */
    void pod(String actor, String namespace, String pod, String account) {
        actors.put(
                actor,
                client(rights.withToken(grants.podToken(
                        admin.resource(AttemptPods.of(namespace, pod, account)).create()))));
    }

    private static KubernetesClient client(Config login) {
        return new KubernetesClientBuilder().withConfig(login).build();
    }

    private KubernetesClient operator() {
        return actor("operator");
    }

    KubernetesClient actor(String name) {
        KubernetesClient client = actors.get(name);
        if (client == null) {
            throw new IllegalArgumentException("nobody is called '" + name + "', only " + actors.keySet());
        }
        return client;
    }

    /** Somebody's hand at progress objects. */
    ProgressRequests as(String actor) {
        return new ProgressRequests(actor(actor));
    }

    @Override
    public void close() {
        actors.values().forEach(KubernetesClient::close);
        for (String namespace : List.of(TEAM, OTHER)) {
            admin.resources(VLFineTuneProgress.class).inNamespace(namespace).delete();
            admin.pods().inNamespace(namespace).withGracePeriod(0).delete();
        }
    }
}
