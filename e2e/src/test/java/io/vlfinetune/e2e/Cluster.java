package io.vlfinetune.e2e;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.api.DataFormat;
import io.vlfinetune.api.DataSpec;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.ModelSpec;
import io.vlfinetune.api.OutputSpec;
import io.vlfinetune.api.ResourcesSpec;
import io.vlfinetune.api.ScratchSpec;
import io.vlfinetune.api.TrainingSource;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.cli.embedded.ApiServer;
import io.vlfinetune.cli.embedded.LocalNode;
import io.vlfinetune.cli.embedded.OwnerCleanup;
import io.vlfinetune.cli.embedded.PodNode;
import io.vlfinetune.cli.embedded.Standing;
import io.vlfinetune.cli.embedded.WorkFolder;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.VLFineTuneOperator;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/** A server with a node of stand-in trainers and an operator that can be restarted and has a login of its own. */
final class Cluster implements AutoCloseable {
    private final ApiServer server;
    private final Config operatorLogin;
    private final WorkFolder work;
    private final List<Runnable> machinery;
    private KubernetesClient operatorClient;
    private VLFineTuneOperator operator;

    private Cluster(ApiServer server, Config operatorLogin, WorkFolder work, List<Runnable> machinery) {
        this.server = server;
        this.operatorLogin = operatorLogin;
        this.work = work;
        this.machinery = machinery;
        startOperator(new Writes());
    }

    /** On a server without controllers: the local node is Job controller and kubelet, and somebody collects orphans. */
    static Cluster bare(ApiServer server, Config operatorLogin, Path folder) throws IOException {
        WorkFolder work = WorkFolder.open(folder);
        LocalNode node = LocalNode.start(server.client(), Standing.parts(work, new ArrayList<>()));
        OwnerCleanup cleanup = new OwnerCleanup(server.client());
        return new Cluster(server, operatorLogin, work, List.of(node::close, cleanup::close));
    }

    /** On a server with the real controllers: the node has pods and nothing else. A killed trainer had no memory left. */
    static Cluster controlled(ControlledServer server, Path folder) throws IOException {
        WorkFolder work = WorkFolder.open(folder);
        LocalNode.Parts parts = Standing.parts(work, new ArrayList<>());
        AtomicLong kills = new AtomicLong();
        PodNode node = PodNode.start(
                server.server().client(),
                new LocalNode.Parts(
                        work,
                        parts.command(),
                        parts.capacity(),
                        kills::getAndIncrement,
                        parts.clock(),
                        parts.random(),
                        parts.notices()));
        return new Cluster(server.server(), server.operatorLogin(), work, List.of(node::close));
    }

    private void startOperator(Writes writes) {
        operatorClient = writes.client(operatorLogin);
        operator = VLFineTuneOperator.start(
                operatorClient,
                new OperatorConfiguration(
                        Set.of(),
                        server.url(),
                        "trainer:local",
                        true,
                        Duration.ofMillis(500),
                        server.trainerServiceAccount(),
                        Duration.ofMillis(100)));
    }

    ApiServer server() {
        return server;
    }

    /** Creates a run whose trainer ends as the wish says. */
    void create(String name, String wish) {
        server.client().resource(run(name, wish)).create();
    }

    /** A run of two cores whose trainer ends as the wish says. */
    static VLFineTune run(String name, String wish) {
        return run(ApiServer.NAMESPACE, name, wish);
    }

    /** The same in another namespace. */
    static VLFineTune run(String namespace, String name, String wish) {
        VLFineTune run = new VLFineTune();
        run.setMetadata(
                new ObjectMetaBuilder().withName(name).withNamespace(namespace).build());
        TrainingSpec training = new TrainingSpec(
                null, 3, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
                null);
        run.setSpec(new VLFineTuneSpec(
                new ModelSpec("file:///models/" + wish),
                new DataSpec(
                        List.of(new TrainingSource("pvc://data/train.jsonl", DataFormat.Auto)), List.of(), null, null),
                FreezeSpec.NOTHING,
                training,
                new OutputSpec("pvc://models/" + name),
                new ResourcesSpec(0, null, "2", "1Gi", new ScratchSpec("1Gi", null, null)),
                null,
                null,
                null));
        return run;
    }

    /** Stops the operator and starts another; returns what that one wrote until it was quiet for a while. */
    List<String> restartOperator(Duration quiet) throws InterruptedException {
        operator.close();
        operatorClient.close();
        Writes writes = new Writes();
        startOperator(writes);
        Thread.sleep(quiet);
        return writes.requests();
    }

    @Override
    public void close() throws IOException {
        operator.close();
        operatorClient.close();
        machinery.forEach(Runnable::run);
        work.close();
    }
}
