package io.vlfinetune.operator.attempt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.RunConfiguration;
import io.vlfinetune.operator.OperatorConfiguration;
import java.net.URI;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The text of an attempt's {@code run.json}. */
public final class RunJson {
    /**
     * Largest text in bytes. Above 262,103 the API server takes the Job and its pod never appears, since the Job
     * controller adds annotations of its own; others add theirs too.
     */
    public static final int MAX_BYTES = 128 * 1024;

    private static final ObjectMapper JSON = Json.strict();

    private RunJson() {}

    /** Writes it. */
    public static String of(VLFineTune run, int attempt, OperatorConfiguration configuration) {
        VLFineTuneSpec spec = run.getSpec();
        RunConfiguration value = new RunConfiguration(
                RunConfiguration.FORMAT_VERSION,
                run.getMetadata().getNamespace(),
                run.getMetadata().getName(),
                run.getMetadata().getUid(),
                attempt,
                spec.lifecycle().planOnly(),
                progressUrl(run, attempt, configuration.progressApi()),
                spec.model(),
                spec.data(),
                spec.freeze(),
                spec.training(),
                spec.output(),
                mounts(spec));
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a run configuration is plain data and always has a JSON form", e);
        }
    }

    private static Map<String, String> mounts(VLFineTuneSpec spec) {
        Map<String, String> mounts = new TreeMap<>();
        ClaimSource.claims(spec).keySet().forEach(claim -> mounts.put(claim, "claims/" + claim));
        return mounts;
    }

    private static @Nullable String progressUrl(VLFineTune run, int attempt, @Nullable URI api) {
        return api == null
                ? null
                : "%s/apis/%s/%s/namespaces/%s/vlfinetuneprogresses/%s"
                        .formatted(
                                api.toString().replaceFirst("/+$", ""),
                                VLFineTune.GROUP,
                                VLFineTune.VERSION,
                                run.getMetadata().getNamespace(),
                                Children.attemptName(run, attempt));
    }
}
