package io.vlfinetune.operator.access;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The accesses this process has made or found complete: they cost neither reads nor writes for each run. */
public final class AccessMemory {
    private final Set<TrainerAccess> complete = ConcurrentHashMap.newKeySet();

    /** Whether an access is complete as far as is known. */
    public boolean knows(TrainerAccess access) {
        return complete.contains(access);
    }

    /** Takes note that an access is complete. */
    public void remember(TrainerAccess access) {
        complete.add(access);
    }

    /**
     * Forgets a namespace. To be called when a run of it goes: the namespace itself may be going with it, and one of the
     * same name that comes later has no account.
     */
    public void forget(String namespace) {
        complete.removeIf(access -> access.namespace().equals(namespace));
    }
}
