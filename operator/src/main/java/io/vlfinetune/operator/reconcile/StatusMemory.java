package io.vlfinetune.operator.reconcile;

import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The statuses this operator wrote, until the cache has caught up: a stale one would be written, and told, twice. */
final class StatusMemory {
    private final Map<ResourceID, Written> byRun = new ConcurrentHashMap<>();

    /**
     * One write.
     *
     * @param uid of the run
     * @param resourceVersion version of the run after it
     * @param generation of the spec that it was about
     * @param time when
     * @param status what was written; null once the cache has it, which must not hold everything twice
     */
    record Written(
            String uid,
            long resourceVersion,
            long generation,
            Instant time,
            @Nullable VLFineTuneStatus status) {
        Written known() {
            return new Written(uid, resourceVersion, generation, time, null);
        }
    }

    /** Remembers a write. */
    void remember(VLFineTune written, VLFineTuneStatus status, Instant now) {
        byRun.put(
                ResourceID.fromResource(written),
                new Written(
                        written.getMetadata().getUid(),
                        version(written),
                        Objects.requireNonNullElse(status.observedGeneration(), 0L),
                        now,
                        status));
    }

    /**
     * The cache has a run as it is here: what it has must not be held twice.
     *
     * @return whether the cache had gone back and is as far as it was only now: a reconcile may have been put off for that
     */
    boolean seen(VLFineTune run, VLFineTune before) {
        boolean again = written(run)
                .filter(write -> write.status() == null)
                .filter(write -> version(before) < write.resourceVersion() && write.resourceVersion() <= version(run))
                .isPresent();
        byRun.computeIfPresent(
                ResourceID.fromResource(run),
                (_, write) -> write.uid().equals(run.getMetadata().getUid()) && write.resourceVersion() <= version(run)
                        ? write.known()
                        : write);
        return again;
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
     * @throws StaleCacheException the cache shows a spec or a status that is older than one that it showed before
     */
    void refresh(VLFineTune run) {
        written(run).ifPresent(write -> refresh(run, write));
    }

    private void refresh(VLFineTune run, Written write) {
        long generation = Objects.requireNonNullElse(run.getMetadata().getGeneration(), 0L);
        if (write.generation() > generation) {
            throw new StaleCacheException("the cache of runs is behind: generation %d, seen was %d"
                    .formatted(generation, write.generation()));
        }
        if (write.resourceVersion() <= version(run)) {
            return;
        }
        if (write.status() == null) {
            throw new StaleCacheException("the cache of runs went back to before version " + write.resourceVersion());
        }
        run.setStatus(write.status());
        run.getMetadata().setResourceVersion(Long.toString(write.resourceVersion()));
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
