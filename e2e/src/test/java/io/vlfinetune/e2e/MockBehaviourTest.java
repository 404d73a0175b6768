package io.vlfinetune.e2e;

import io.vlfinetune.cli.embedded.MockApiServer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** On the mock server that {@code vlft run} uses unless told otherwise. */
class MockBehaviourTest extends BehaviourSuite {
    private static MockApiServer server;

    @BeforeAll
    static void startServer() {
        server = new MockApiServer();
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Override
    Cluster start(Path folder) throws Exception {
        return Cluster.bare(server, server.client().getConfiguration(), folder);
    }
}
