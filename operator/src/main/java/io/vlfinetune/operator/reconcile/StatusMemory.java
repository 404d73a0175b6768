package io.vlfinetune.operator.reconcile;

import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The statuses this operator wrote, until the cache has caught up: a stale one would be written, and told, twice. */
final class StatusMemory {
    private final Map<ResourceID, Written> byRun = new ConcurrentHashMap<>();

    /**
     * One write.
     *
     * @param uid of the run
     * @param resourceVersion version of the run after it
     * @param status what was written
     * @param time when
     */
    record Written(String uid, long resourceVersion, VLFineTuneStatus status, Instant time) {}

    /** Remembers a write. */
    void remember(VLFineTune written, VLFineTuneStatus status, Instant now) {
        byRun.put(
                ResourceID.fromResource(written),
                new Written(written.getMetadata().getUid(), version(written), status, now));
    }

    /** Forgets a run that is gone. */
    void forget(ResourceID run) {
        byRun.remove(run);
    }

    /** Whether the last write to a run of this name was to an earlier one, whose end this operator did not see. */
    boolean knowsAnother(VLFineTune run) {
        return byRun.containsKey(ResourceID.fromResource(run)) && written(run).isEmpty();
    }

    /**
     * Puts status and version that were written last into a run that the cache still shows with older ones.
     *
     * @throws StaleCacheException the cache shows a spec that is older than one that this operator has seen
     */
    void refresh(VLFineTune run) {
        long generation = Objects.requireNonNullElse(run.getMetadata().getGeneration(), 0L);
        written(run)
                .map(Written::status)
                .map(VLFineTuneStatus::observedGeneration)
                .filter(seen -> seen > generation)
                .ifPresent(seen -> {
                    throw new StaleCacheException(
                            "the cache of runs is behind: generation %d, seen was %d".formatted(generation, seen));
                });
        written(run).filter(write -> write.resourceVersion() > version(run)).ifPresent(write -> {
            run.setStatus(write.status());
            run.getMetadata().setResourceVersion(Long.toString(write.resourceVersion()));
        });
    }

    /** The last write. */
    Optional<Written> written(VLFineTune run) {
        return Optional.ofNullable(byRun.get(ResourceID.fromResource(run)))
                .filter(write -> write.uid().equals(run.getMetadata().getUid()));
    }

    /** Versions are numbers on every server there is; one that is not is taken as the oldest. */
    private static long version(VLFineTune run) {
        String text = run.getMetadata().getResourceVersion();
        return text != null && text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
    }
}
