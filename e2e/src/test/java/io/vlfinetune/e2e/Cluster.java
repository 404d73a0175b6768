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

/** A server with a node of stand-in trainers and an operator that can be restarted and has a login of its own. */
final class Cluster implements AutoCloseable {
    private final ApiServer server;
    private final Config operatorLogin;
    private final WorkFolder work;
    private final OwnerCleanup cleanup;
    private final LocalNode node;
    private KubernetesClient operatorClient;
    private VLFineTuneOperator operator;

    Cluster(ApiServer server, Config operatorLogin, Path folder) throws IOException {
        this.server = server;
        this.operatorLogin = operatorLogin;
        this.work = WorkFolder.open(folder);
        this.cleanup = new OwnerCleanup(server.client());
        this.node = LocalNode.start(server.client(), Standing.parts(work, new ArrayList<>()));
        startOperator(new Writes());
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
        server.client().resource(run(ApiServer.NAMESPACE, name, wish)).create();
    }

    /** A run whose trainer ends as the wish says. */
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
        node.close();
        cleanup.close();
        work.close();
    }
}
