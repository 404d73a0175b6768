package io.vlfinetune.api.kubernetes;

import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.api.VLFineTuneStatus;

/** A fine-tuning run. */
@Group(VLFineTune.GROUP)
@Version(VLFineTune.VERSION)
@Kind("VLFineTune")
@Singular("vlfinetune")
@Plural("vlfinetunes")
@ShortNames("vlft")
@ValidationRule(
        value = "size(self.metadata.name) <= 45 && !self.metadata.name.contains('.')",
        message = "metadata.name has at most 45 characters and no dot: attempts add a number to it")
@ValidationRule(
        value = "!has(oldSelf.status) || !has(oldSelf.status.phase) || oldSelf.status.phase in ['Pending', 'Failed']"
                + " || (oldSelf.status.phase != 'Succeeded' && ((has(self.spec.lifecycle) && self.spec.lifecycle.suspend)"
                + " || (has(oldSelf.spec.lifecycle) && oldSelf.spec.lifecycle.suspend)))"
                + " || (self.spec.model == oldSelf.spec.model && self.spec.data == oldSelf.spec.data"
                + " && self.spec.training == oldSelf.spec.training && self.spec.output == oldSelf.spec.output"
                + " && has(self.spec.freeze) == has(oldSelf.spec.freeze)"
                + " && (!has(self.spec.freeze) || self.spec.freeze == oldSelf.spec.freeze))",
        message = "model, data, freeze, training and output of a run in force cannot change:"
                + " suspend it first with lifecycle.suspend: true; one that succeeded stays as it is: use a new name")
@ValidationRule(
        value = "has(self.spec.managedBy) == has(oldSelf.spec.managedBy)"
                + " && (!has(self.spec.managedBy) || self.spec.managedBy == oldSelf.spec.managedBy)",
        message = "managedBy never changes: delete the run and make another one")
public final class VLFineTune extends CustomResource<VLFineTuneSpec, VLFineTuneStatus> implements Namespaced {
    /** API group of all our kinds. */
    public static final String GROUP = "vlfinetune.io";

    /** The only version so far. */
    public static final String VERSION = "v1alpha1";
}
