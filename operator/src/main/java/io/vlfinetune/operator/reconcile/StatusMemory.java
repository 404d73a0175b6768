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

/**
 * The newest version that was seen or written of each run, so that a cache which goes back is noticed, and the status that
 * was written last until the cache has it: planned from an older one, things would be written, and told, twice.
 */
final class StatusMemory {
    private final Map<ResourceID, Newest> byRun = new ConcurrentHashMap<>();

    /**
     * The newest known of a run.
     *
     * @param uid of the run
     * @param resourceVersion its version
     * @param generation of the spec that the last write was about; 0: this operator wrote nothing
     * @param written when this operator last wrote; null: it did not
     * @param status what was written with this version; null once the cache has it, which must not hold everything twice
     */
    private record Newest(
            String uid,
            long resourceVersion,
            long generation,
            @Nullable Instant written,
            @Nullable VLFineTuneStatus status) {
        Newest seen(long version) {
            return version < resourceVersion ? this : new Newest(uid, version, generation, written, null);
        }

        boolean isOf(VLFineTune run) {
            return uid.equals(run.getMetadata().getUid());
        }
    }

    /** Remembers a write. */
    void remember(VLFineTune written, VLFineTuneStatus status, Instant now) {
        byRun.put(
                ResourceID.fromResource(written),
                new Newest(
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
        boolean again = newest(run)
                .filter(newest -> newest.status() == null)
                .filter(newest ->
                        version(before) < newest.resourceVersion() && newest.resourceVersion() <= version(run))
                .isPresent();
        byRun.computeIfPresent(
                ResourceID.fromResource(run), (_, newest) -> newest.isOf(run) ? newest.seen(version(run)) : newest);
        return again;
    }

    /** Forgets a run that is gone. */
    void forget(ResourceID run) {
        byRun.remove(run);
    }

    /** Whether what is known is of an earlier run of this name, whose end this operator did not see. */
    boolean knowsAnother(VLFineTune run) {
        return byRun.containsKey(ResourceID.fromResource(run)) && newest(run).isEmpty();
    }

    /**
     * Puts status and version that were written last into a run that the cache still shows with older ones.
     *
     * @throws StaleCacheException the cache shows a spec or a status that is older than one that it showed before
     */
    void refresh(VLFineTune run) {
        Newest newest = byRun.compute(
                ResourceID.fromResource(run),
                (_, known) -> known == null
                        ? new Newest(run.getMetadata().getUid(), version(run), 0, null, null)
                        : known.seen(version(run)));
        long generation = Objects.requireNonNullElse(run.getMetadata().getGeneration(), 0L);
        if (newest.generation() > generation) {
            throw new StaleCacheException("the cache of runs is behind: generation %d, seen was %d"
                    .formatted(generation, newest.generation()));
        }
        if (newest.resourceVersion() <= version(run)) {
            return;
        }
        if (newest.status() == null) {
            throw new StaleCacheException("the cache of runs went back to before version " + newest.resourceVersion());
        }
        run.setStatus(newest.status());
        run.getMetadata().setResourceVersion(Long.toString(newest.resourceVersion()));
    }

    /** When this operator last wrote the status of a run. */
    Optional<Instant> written(VLFineTune run) {
        return newest(run).map(Newest::written);
    }

    private Optional<Newest> newest(VLFineTune run) {
        return Optional.ofNullable(byRun.get(ResourceID.fromResource(run))).filter(newest -> newest.isOf(run));
    }

    /** Versions are numbers on every server there is; one that is not is taken as the oldest. */
    private static long version(VLFineTune run) {
        String text = run.getMetadata().getResourceVersion();
        return text != null && text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
    }
}
