package io.vlfinetune.api.kubernetes;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;
import io.vlfinetune.contract.ProgressReport;
import org.jspecify.annotations.Nullable;

/** Where the trainer of one attempt reports; it carries the name of the attempt's Job. */
@Group(VLFineTune.GROUP)
@Version(VLFineTune.VERSION)
@Kind("VLFineTuneProgress")
@Singular("vlfinetuneprogress")
@Plural("vlfinetuneprogresses")
@ShortNames("vlftp")
@ValidationRule(
        value = "!has(oldSelf.report) || has(self.report)",
        message = "a report cannot be removed, or its numbers could go back")
@JsonInclude(JsonInclude.Include.NON_NULL)
public final class VLFineTuneProgress extends CustomResource<Void, Void> implements Namespaced {
    @JsonPropertyDescription("The trainer's latest report.")
    private @Nullable ProgressReport report;

    /** The trainer's latest report; absent until the first. */
    public @Nullable ProgressReport getReport() {
        return report;
    }

    /** Sets the report. */
    public void setReport(@Nullable ProgressReport report) {
        this.report = report;
    }
}
