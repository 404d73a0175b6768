package io.vlfinetune.operator.attempt;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What an attempt's Job was made from. A Job is never changed: a spec that differs is in force with the next attempt.
 *
 * @param generation generation of the run then
 * @param digest what the spec was then
 * @param retry token of the retry that the attempt honours; null: none
 */
public record MadeFrom(
        long generation, String digest, @Nullable String retry) {
    /** Annotation of a run: a token; each new one starts one more attempt of a failed run. */
    public static final String RETRY = "vlfinetune.io/retry";

    private static final String GENERATION = "vlfinetune.io/generation";
    private static final String DIGEST = "vlfinetune.io/spec-digest";
    private static final int MAX_TOKEN = 253;

    /** The present state of a run. */
    static MadeFrom of(VLFineTune run) {
        return new MadeFrom(generation(run), SpecDigest.of(run.getSpec()), token(run));
    }

    /** Reads it from a Job's annotations. */
    static MadeFrom read(@Nullable Map<String, String> annotations) {
        Map<String, String> texts = annotations == null ? Map.of() : annotations;
        return new MadeFrom(
                JobFacts.number(texts, GENERATION),
                Objects.requireNonNullElse(texts.get(DIGEST), ""),
                texts.get(RETRY));
    }

    /** The annotations that say it. */
    Map<String, String> annotations() {
        Map<String, String> annotations = new LinkedHashMap<>();
        annotations.put(GENERATION, Long.toString(generation));
        annotations.put(DIGEST, digest);
        if (retry != null) {
            annotations.put(RETRY, retry);
        }
        return annotations;
    }

    /** Whether a run's spec is another one by now, in what a Job is made from. */
    public boolean differs(VLFineTune run) {
        return generation != generation(run) && !digest.equals(SpecDigest.of(run.getSpec()));
    }

    /** Token of a run's retry annotation, cut to what a status holds; null: none. */
    public static @Nullable String token(HasMetadata run) {
        String token = Children.annotation(run, RETRY);
        return token == null || token.isBlank() ? null : token.substring(0, Math.min(token.length(), MAX_TOKEN));
    }

    private static long generation(VLFineTune run) {
        return Objects.requireNonNullElse(run.getMetadata().getGeneration(), 0L);
    }
}
