package io.vlfinetune.operator.reconcile;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.operator.access.TrainerAccess;

/** One thing to do. Creating what exists already is done; deleting is bound to an identity. */
public sealed interface Action {
    /** Make the volume claim for checkpoints. */
    record CreateClaim(PersistentVolumeClaim claim) implements Action {}

    /** Make the object that the trainer reports into. */
    record CreateProgress(VLFineTuneProgress progress) implements Action {}

    /**
     * Make what the trainers of a namespace share in order to report, unless that is known to be there.
     *
     * @param again whether to make sure even so: an attempt that has to be repeated may have failed for want of it
     */
    record EnsureTrainerAccess(TrainerAccess access, boolean again) implements Action {}

    /** Start an attempt. */
    record CreateJob(Job job) implements Action {}

    /** Delete a Job in the foreground: it stays until its pods are gone. */
    record DeleteJob(String name, String uid) implements Action {}

    /** Delete a progress object. */
    record DeleteProgress(String name) implements Action {}

    /** Delete the volume claim that was made for checkpoints. */
    record DeleteClaim(String name) implements Action {}
}
