package io.vlfinetune.operator.access;

import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicy;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBinding;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.vlfinetune.operator.OperatorConfiguration;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The admission policy that lets a pod patch its own progress object and no other. Without its binding any trainer of a
 * namespace could write the progress of any run there, so trainers get a token only where both are there.
 */
public final class ProgressPolicy {
    /** Name of the policy and of its binding, as the chart makes them. */
    public static final String NAME = "vlfinetune-progress-own-pod";

    /** Environment variable that vouches for a policy which the operator may not read. */
    public static final String VARIABLE = "VLFINETUNE_PROGRESS_POLICY";

    private static final String INSTALLED = "installed";
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Logger LOG = LoggerFactory.getLogger(ProgressPolicy.class);

    private ProgressPolicy() {}

    /** What is known of policy and binding. */
    public enum Standing {
        /** Both are there, and the binding denies. */
        InForce,
        /** At least one is not there, or the binding does not deny everywhere. */
        Missing,
        /** The operator may not read them. */
        Unreadable
    }

    /**
     * Reads from the environment whether somebody vouches for the policy: {@code VLFINETUNE_PROGRESS_POLICY=installed}.
     *
     * @throws IllegalArgumentException the variable has another value
     */
    public static boolean vouchedFor(Map<String, String> environment) {
        String text = environment.getOrDefault(VARIABLE, "").strip();
        if (!text.isEmpty() && !text.equals(INSTALLED)) {
            throw new IllegalArgumentException(
                    VARIABLE + " is '" + text + "', must be " + INSTALLED + " or not set at all");
        }
        return text.equals(INSTALLED);
    }

    /**
     * The configuration to work with: as given where the policy is in force or vouched for, without a live channel
     * otherwise. What was found is logged.
     *
     * @param vouchedFor whether somebody says that a policy which cannot be read is there
     * @throws KubernetesClientException the API server did not answer
     */
    public static OperatorConfiguration settle(
            KubernetesClient client, OperatorConfiguration configuration, boolean vouchedFor) {
        if (configuration.trainerServiceAccount() == null) {
            return configuration;
        }
        Standing standing = look(client);
        if (standing == Standing.Missing) {
            // An installer may create policy and binding right after the operator's Deployment.
            pause();
            standing = look(client);
        }
        return switch (standing) {
            case InForce -> configuration;
            case Missing -> {
                LOG.warn(
                        "trainers get no token and report no live progress: ValidatingAdmissionPolicy and -Binding {} are"
                                + " not both there and denying; install them (chart value trainer.progressPolicy: create)"
                                + " and restart the operator",
                        NAME);
                yield configuration.withoutLiveChannel();
            }
            case Unreadable -> unreadable(configuration, vouchedFor);
        };
    }

    private static OperatorConfiguration unreadable(OperatorConfiguration configuration, boolean vouchedFor) {
        if (vouchedFor) {
            LOG.warn(
                    "ValidatingAdmissionPolicy {} cannot be read here; {}={} says that it is there, so trainers get a token",
                    NAME,
                    VARIABLE,
                    INSTALLED);
            return configuration;
        }
        LOG.warn(
                "trainers get no token and report no live progress: ValidatingAdmissionPolicy {} cannot be read here; if"
                        + " the cluster has it, say so with {}={} (chart value trainer.progressPolicy: installed)",
                NAME,
                VARIABLE,
                INSTALLED);
        return configuration.withoutLiveChannel();
    }

    /**
     * Looks for policy and binding.
     *
     * @throws KubernetesClientException the API server did not answer
     */
    public static Standing look(KubernetesClient client) {
        try {
            ValidatingAdmissionPolicy policy = client.resources(ValidatingAdmissionPolicy.class)
                    .withName(NAME)
                    .get();
            ValidatingAdmissionPolicyBinding binding = client.resources(ValidatingAdmissionPolicyBinding.class)
                    .withName(NAME)
                    .get();
            boolean bound = policy != null && binding != null && denies(binding.getSpec());
            return bound ? Standing.InForce : Standing.Missing;
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_FORBIDDEN) {
                return Standing.Unreadable;
            }
            throw e;
        }
    }

    /** A binding that only warns, or only for some namespaces, keeps nobody from anything. */
    private static boolean denies(ValidatingAdmissionPolicyBindingSpec binding) {
        return NAME.equals(binding.getPolicyName())
                && binding.getValidationActions().contains("Deny")
                && binding.getMatchResources() == null;
    }

    private static void pause() {
        try {
            Thread.sleep(PATIENCE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
