package io.vlfinetune.e2e.faults;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One fault in one life.
 *
 * @param scenario the life
 * @param call what befalls a request; null: none
 * @param watch what befalls the watches; null: nothing
 * @param k at which request or event, from 1
 */
record FaultCase(
        Scenario scenario,
        @Nullable CallFault call,
        @Nullable WatchFault watch,
        int k) {
    /** A life without a fault. */
    static FaultCase none(Scenario scenario) {
        return new FaultCase(scenario, null, null, 0);
    }

    /** Reads {@code Scenario/Fault/k}. */
    static FaultCase parse(String text) {
        List<String> words = List.of(text.split("/", -1));
        Scenario scenario = Scenario.valueOf(words.get(0));
        int k = Integer.parseInt(words.get(2));
        return Arrays.stream(CallFault.values())
                .filter(fault -> fault.name().equals(words.get(1)))
                .findFirst()
                .map(fault -> new FaultCase(scenario, fault, null, k))
                .orElseGet(() -> new FaultCase(scenario, null, WatchFault.valueOf(words.get(1)), k));
    }

    Traffic traffic() {
        if (call != null) {
            return Traffic.at(k, call);
        }
        return watch == null ? Traffic.undisturbed() : Traffic.at(k, watch);
    }

    /** Name of the fault. */
    String fault() {
        return call != null ? call.name() : watch != null ? watch.name() : "None";
    }

    @Override
    public String toString() {
        return scenario + "/" + fault() + "/" + k;
    }
}
