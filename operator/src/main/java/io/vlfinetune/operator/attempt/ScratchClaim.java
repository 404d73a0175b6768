package io.vlfinetune.operator.attempt;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.vlfinetune.api.ScratchSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.util.Map;
import java.util.Optional;

/** The volume claim that is made for a run's checkpoints and kept over its attempts. */
public final class ScratchClaim {
    private ScratchClaim() {}

    /** The claim; empty where the run asks for none. */
    public static Optional<PersistentVolumeClaim> of(VLFineTune run) {
        ScratchSpec scratch = run.getSpec().resources().scratch();
        if (scratch == null || scratch.size() == null) {
            return Optional.empty();
        }
        return Optional.of(new PersistentVolumeClaimBuilder()
                .withMetadata(Children.metadata(run, Children.scratchName(run), Children.labels(run)))
                .withNewSpec()
                .withAccessModes("ReadWriteOnce")
                .withStorageClassName(scratch.storageClassName())
                .withNewResources()
                .withRequests(Map.of("storage", Quantity.parse(scratch.size())))
                .endResources()
                .endSpec()
                .build());
    }
}
