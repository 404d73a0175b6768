package io.vlfinetune.operator.reconcile;

import java.util.List;
import java.util.Optional;

/**
 * A run that is being deleted is left to the garbage collector: everything that it owns goes by owner references, its
 * trainer by SIGTERM. A finalizer of ours would cost each run a write and keep it for ever where the operator was
 * uninstalled first; a new run of the name waits in {@link StartPolicy} until the old one's trainer has stopped.
 */
final class DeletionPolicy implements Policy {
    @Override
    public Optional<Decision> decide(Situation situation) {
        return Optional.ofNullable(situation.run().getMetadata().getDeletionTimestamp())
                .map(_ -> Decision.quiet(List.of(), null));
    }
}
