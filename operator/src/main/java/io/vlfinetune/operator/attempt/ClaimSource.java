package io.vlfinetune.operator.attempt;

import io.vlfinetune.api.EvaluationSource;
import io.vlfinetune.api.TrainingSource;
import io.vlfinetune.api.VLFineTuneSpec;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Where a spec reads and writes. */
public final class ClaimSource {
    private static final String CLAIM = "pvc://";

    private ClaimSource() {}

    /** Every URI of a spec by its field path, in the order of the fields. */
    public static Map<String, String> uris(VLFineTuneSpec spec) {
        Map<String, String> uris = new LinkedHashMap<>();
        uris.put("spec.model.source", spec.model().source());
        int index = 0;
        for (TrainingSource source : spec.data().train()) {
            uris.put("spec.data.train[" + index++ + "].source", source.source());
        }
        index = 0;
        for (EvaluationSource source : spec.data().evaluation()) {
            uris.put("spec.data.evaluation[" + index++ + "].source", source.source());
        }
        if (spec.data().mediaRoot() != null) {
            uris.put("spec.data.mediaRoot", spec.data().mediaRoot());
        }
        uris.put("spec.output.destination", spec.output().destination());
        return uris;
    }

    /** Every claim that a spec names, with whether it is mounted read-only: all but the output's are. */
    public static Map<String, Boolean> claims(VLFineTuneSpec spec) {
        Map<String, Boolean> claims = new TreeMap<>();
        uris(spec).values().forEach(uri -> claim(uri).ifPresent(claim -> claims.put(claim, true)));
        claim(spec.output().destination()).ifPresent(claim -> claims.put(claim, false));
        return claims;
    }

    /** The claim of a {@code pvc://claim/path}; empty for another scheme. */
    static Optional<String> claim(String uri) {
        if (!uri.startsWith(CLAIM)) {
            return Optional.empty();
        }
        String rest = uri.substring(CLAIM.length());
        int slash = rest.indexOf('/');
        return Optional.of(slash < 0 ? rest : rest.substring(0, slash));
    }
}
