package io.vlfinetune.trainer;

import ai.djl.Application;
import java.util.Map;
import java.util.Objects;

/** What made an output. */
public final class Versions {
    private Versions() {}

    /** Versions by name. */
    public static Map<String, String> all() {
        return Map.of(
                "vlfinetune", of(Versions.class),
                "djl", of(Application.class),
                "java", Runtime.version().toString());
    }

    private static String of(Class<?> one) {
        return Objects.requireNonNullElse(one.getPackage().getImplementationVersion(), "unknown");
    }
}
