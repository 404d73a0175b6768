package io.vlfinetune.operator.health;

import java.util.List;

/** How an operator is. */
public sealed interface Health {
    /** Its caches are being filled; it reconciles nothing yet. */
    record Starting() implements Health {}

    /**
     * It reconciles.
     *
     * @param stopped caches that have given up and will never follow the API server again, by name
     * @param behind caches that have lost the API server and try to find it again, by name
     */
    record Started(List<String> stopped, List<String> behind) implements Health {
        /** Keeps copies. */
        public Started {
            stopped = List.copyOf(stopped);
            behind = List.copyOf(behind);
        }
    }
}
