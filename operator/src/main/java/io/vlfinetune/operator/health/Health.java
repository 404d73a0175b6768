package io.vlfinetune.operator.health;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** How an operator is. */
public sealed interface Health {
    /** Its caches are being filled; it reconciles nothing yet. */
    record Starting() implements Health {}

    /**
     * Its caches are filled.
     *
     * @param stopped caches that have given up and will never follow the API server again, by name
     * @param behind caches that have lost the API server and try to find it again, by name
     * @param role whether it reconciles
     */
    record Started(List<String> stopped, List<String> behind, Role role) implements Health {
        /** Keeps copies. */
        public Started {
            stopped = List.copyOf(stopped);
            behind = List.copyOf(behind);
        }

        /** One that reconciles. */
        public Started(List<String> stopped, List<String> behind) {
            this(stopped, behind, new Leading());
        }
    }

    /** What an operator does among several. */
    sealed interface Role {}

    /** It reconciles. */
    record Leading() implements Role {}

    /**
     * It follows all changes and takes over when the leader ends.
     *
     * @param leader who reconciles; null while nobody is known to
     */
    record StandingBy(@Nullable String leader) implements Role {}
}
