package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Objects;

/**
 * A fine-tuning run: model, data, what is frozen, how it is trained, and where the result goes.
 *
 * @param model the base model.
 * @param data training and evaluation data.
 * @param freeze what is not trained. Nothing is frozen that is not declared here.
 * @param training how the rest is trained.
 * @param output where the trained model goes.
 * @param resources what a pod of this run needs.
 * @param scheduling where a pod of this run may go.
 * @param lifecycle how long and how often a run is tried, and what remains of it.
 * @param managedBy who looks after this run; another value leaves it to another controller.
 */
@ValidationRule(
        value =
                "!has(self.freeze) || !has(self.freeze.phases) || has(self.training.evaluateEvery) || !self.freeze.phases.exists(p, has(p.until) && has(p.until.plateau))",
        message = "a phase that ends at a plateau looks at evaluations: give training.evaluateEvery as well")
@ValidationRule(
        value =
                "!has(self.freeze) || !has(self.freeze.progressive) || has(self.training.evaluateEvery) || !has(self.freeze.progressive.every.plateau)",
        message = "progressive unfreezing at a plateau looks at evaluations: give training.evaluateEvery as well")
public record VLFineTuneSpec(
        @JsonPropertyDescription("The base model.") @Required
        ModelSpec model,

        @JsonPropertyDescription("Training and evaluation data.") @Required
        DataSpec data,

        @JsonPropertyDescription("What is not trained. Nothing is frozen that is not declared here.")
        FreezeSpec freeze,

        @JsonPropertyDescription("How the rest is trained.") @Required
        TrainingSpec training,

        @JsonPropertyDescription("Where the trained model goes.") @Required
        OutputSpec output,

        @JsonPropertyDescription("What a pod of this run needs.")
        ResourcesSpec resources,

        @JsonPropertyDescription("Where a pod of this run may go.")
        SchedulingSpec scheduling,

        @JsonPropertyDescription("How long and how often a run is tried, and what remains of it.")
        LifecycleSpec lifecycle,

        @JsonPropertyDescription("Who looks after this run; another value leaves it to another controller.")
        @Default("vlfinetune.io/operator")
        @Size(min = 1, max = 253)
        String managedBy) {
    /** {@link #managedBy} of runs that this operator looks after. */
    public static final String OPERATOR = "vlfinetune.io/operator";

    /** Puts the defaults in the place of absent blocks. */
    public VLFineTuneSpec {
        freeze = Objects.requireNonNullElse(freeze, FreezeSpec.NOTHING);
        resources = Objects.requireNonNullElse(resources, ResourcesSpec.DEFAULT);
        scheduling = Objects.requireNonNullElse(scheduling, SchedulingSpec.ANYWHERE);
        lifecycle = Objects.requireNonNullElse(lifecycle, LifecycleSpec.DEFAULT);
        managedBy = Objects.requireNonNullElse(managedBy, OPERATOR);
    }
}
