package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicyOnExitCodesRequirement;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicyRule;
import java.util.List;

/**
 * What the Job controller makes of the end of a pod of a Job with backoffLimit 0.
 *
 * @param succeeded whether the Job is complete
 * @param reason the condition's reason
 * @param message the condition's message
 */
record JobOutcome(boolean succeeded, String reason, String message) {
    static JobOutcome of(Job job, String pod, int exitCode) {
        if (exitCode == 0) {
            return new JobOutcome(true, "CompletionsReached", "Reached expected number of succeeded pods");
        }
        List<PodFailurePolicyRule> rules = job.getSpec().getPodFailurePolicy() == null
                ? List.of()
                : job.getSpec().getPodFailurePolicy().getRules();
        for (int index = 0; index < rules.size(); index++) {
            PodFailurePolicyRule rule = rules.get(index);
            if (rule.getOnExitCodes() != null && matches(rule.getOnExitCodes(), exitCode)) {
                if (!rule.getAction().equals("FailJob")) {
                    break;
                }
                String container = job.getSpec()
                        .getTemplate()
                        .getSpec()
                        .getContainers()
                        .getFirst()
                        .getName();
                String message = "Container %s for pod %s/%s failed with exit code %d matching FailJob rule at index %d"
                        .formatted(container, job.getMetadata().getNamespace(), pod, exitCode, index);
                return new JobOutcome(false, "PodFailurePolicy", message);
            }
        }
        return new JobOutcome(false, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
    }

    private static boolean matches(PodFailurePolicyOnExitCodesRequirement requirement, int exitCode) {
        return switch (requirement.getOperator()) {
            case "In" -> requirement.getValues().contains(exitCode);
            case "NotIn" -> !requirement.getValues().contains(exitCode);
            default -> false;
        };
    }
}
