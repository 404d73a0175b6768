package io.vlfinetune.operator;

import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Tells of runs that are gone, after their last reconcile. The SDK says so only to those who measure it.
 *
 * @param gone told namespace and name
 */
record Departures(Consumer<ResourceID> gone) implements Metrics {
    @Override
    public void cleanupDoneFor(ResourceID run, Map<String, Object> metadata) {
        gone.accept(run);
    }
}
