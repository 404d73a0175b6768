package io.vlfinetune.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;

/** A running operator. */
public final class VLFineTuneOperator implements AutoCloseable {
    private final Operator operator;

    private VLFineTuneOperator(Operator operator) {
        this.operator = operator;
    }

    /** Starts to look after runs; returns once all caches are filled. */
    public static VLFineTuneOperator start(KubernetesClient client, OperatorConfiguration configuration) {
        Operator operator =
                new Operator(overrider -> overrider.withKubernetesClient(client).withCloseClientOnStop(false));
        operator.start();
        return new VLFineTuneOperator(operator);
    }

    /** Stops; the client stays open, and running trainers go on. */
    @Override
    public void close() {
        operator.stop();
    }
}
