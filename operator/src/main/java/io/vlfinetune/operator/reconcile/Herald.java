package io.vlfinetune.operator.reconcile;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells events before the status that they follow from is written: an operator that is killed in between tells them again
 * in its next life, and a repeated one is refused by its name. The other way round they would be lost. An event that is
 * refused holds up no status; it is told later.
 */
final class Herald {
    private static final Logger LOG = LoggerFactory.getLogger(Herald.class);

    private final Map<ResourceID, List<Event>> untold = new ConcurrentHashMap<>();

    /** Tells what it can of a run's events and keeps the rest. */
    void tell(Actor actor, ResourceID run, List<Event> events) {
        List<Event> refused = new ArrayList<>(untold.getOrDefault(run, List.of()));
        for (Event event : events) {
            try {
                actor.tell(event);
            } catch (KubernetesClientException e) {
                if (again(e)) {
                    refused.add(event);
                } else {
                    LOG.warn("event {} was refused: {}", event.getMetadata().getName(), e.getMessage());
                }
            }
        }
        if (!refused.isEmpty()) {
            untold.put(run, refused);
        }
    }

    /**
     * Tells what was kept.
     *
     * @throws KubernetesClientException it is refused again; it stays kept
     */
    void tellKept(Actor actor, ResourceID run) {
        for (Event event : untold.getOrDefault(run, List.of())) {
            actor.tell(event);
        }
        untold.remove(run);
    }

    /** Forgets a run that is gone. */
    void forget(ResourceID run) {
        untold.remove(run);
    }

    /** Whether it may be taken another time: not what is forbidden, invalid, or without a namespace. */
    private static boolean again(KubernetesClientException refusal) {
        int code = refusal.getCode();
        return code < HttpURLConnection.HTTP_BAD_REQUEST
                || code >= HttpURLConnection.HTTP_INTERNAL_ERROR
                || code == HttpURLConnection.HTTP_CLIENT_TIMEOUT
                || code == HttpURLConnection.HTTP_CONFLICT
                || code == TOO_MANY_REQUESTS;
    }

    private static final int TOO_MANY_REQUESTS = 429;
}
