package io.vlfinetune.e2e.faults;

import java.util.List;

/**
 * How one case went.
 *
 * @param outcome status at the end
 * @param events reasons of the run's events
 * @param calls requests of the operator
 * @param writes those of them that change something
 * @param watched events that were delivered to it
 * @param trainers pods that ever worked
 * @param fired whether the fault took place
 * @param wrong what must never happen and did
 * @param story what happened, for whoever reads of it
 */
record Ending(
        List<String> outcome,
        List<String> events,
        List<String> calls,
        List<String> writes,
        List<String> watched,
        int trainers,
        boolean fired,
        List<String> wrong,
        List<String> story) {
    /** The event that tells of the end; empty where nothing is left to tell of. */
    String last() {
        return events.stream()
                .filter(event -> outcome.contains("phase " + event) || outcome.contains("failure " + event))
                .findFirst()
                .orElse("");
    }
}
