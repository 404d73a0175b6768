package io.vlfinetune.e2e.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Every fault at every request and at every event of whole lives. {@code -Dfaults.full=true} (profile {@code faults}) runs
 * all cases; otherwise each fault strikes twice, in lives and at places that {@code -Dfaults.seed=…} decides. A single case
 * is run again by {@code -Dfaults.only=Normal/KilledAfter/7}; {@code -Dfaults.scenarios=Normal,Deleted} chooses lives.
 */
@ExtendWith(OnGround.class)
class FaultSuiteTest {
    private static final int PARALLEL = Integer.getInteger("faults.parallel", 6);
    private static final int PROGRESS = 200;
    private static final int SAMPLES_PER_FAULT = 2;
    private static final long SEED = Long.getLong("faults.seed", 20_260_101L);

    @Test
    void givenAFaultAnywhereThenTheRunEndsAsWithoutIt(Ground ground) throws Exception {
        CaseRunner runner = new CaseRunner(ground);
        Map<Scenario, Ending> golden = new EnumMap<>(Scenario.class);
        for (Scenario scenario : scenarios()) {
            Ending ending = runner.run(FaultCase.none(scenario), null);
            assertThat(ending.wrong())
                    .as("%s without a fault: %s", scenario, ending.story())
                    .isEmpty();
            golden.put(scenario, ending);
        }
        List<FaultCase> cases = cases(golden);
        Instant begin = Instant.now();
        List<String> failures = new ArrayList<>();
        int fired = 0;
        try (ExecutorService pool = Executors.newFixedThreadPool(PARALLEL)) {
            List<Future<Ending>> endings = cases.stream()
                    .map(one -> pool.submit(() -> runner.run(one, golden.get(one.scenario()))))
                    .toList();
            for (int index = 0; index < cases.size(); index++) {
                Ending ending = endings.get(index).get();
                fired += ending.fired() ? 1 : 0;
                if (!ending.wrong().isEmpty()) {
                    failures.add(describe(
                            cases.get(index),
                            ending,
                            golden.get(cases.get(index).scenario())));
                    System.out.println(failures.getLast());
                }
                if ((index + 1) % PROGRESS == 0) {
                    System.out.printf(
                            "fault suite: %d of %d, %d s%n",
                            index + 1,
                            cases.size(),
                            Duration.between(begin, Instant.now()).toSeconds());
                }
            }
        }
        System.out.printf(
                "fault suite: %d cases, %d faults struck, %d failed, %d s, seed %d%n",
                cases.size(),
                fired,
                failures.size(),
                Duration.between(begin, Instant.now()).toSeconds(),
                SEED);
        assertThat(failures).isEmpty();
        assertThat(ground.troubles()).isEmpty();
    }

    private static List<Scenario> scenarios() {
        String names = System.getProperty("faults.scenarios");
        return names == null
                ? List.of(Scenario.values())
                : Arrays.stream(names.split(",", -1)).map(Scenario::valueOf).toList();
    }

    private static List<FaultCase> cases(Map<Scenario, Ending> golden) {
        String only = System.getProperty("faults.only");
        if (only != null) {
            return Arrays.stream(only.split(",", -1)).map(FaultCase::parse).toList();
        }
        Map<String, List<FaultCase>> byFault = golden.entrySet().stream()
                .flatMap(life -> cases(life.getKey(), life.getValue()))
                .collect(Collectors.groupingBy(FaultCase::fault, TreeMap::new, Collectors.toList()));
        Random random = new Random(SEED);
        if (Boolean.getBoolean("faults.full")) {
            List<FaultCase> all =
                    byFault.values().stream().flatMap(List::stream).collect(Collectors.toCollection(ArrayList::new));
            // Cut short, it has still looked everywhere.
            Collections.shuffle(all, random);
            return all;
        }
        return byFault.values().stream()
                .flatMap(
                        group -> random.ints(SAMPLES_PER_FAULT, 0, group.size()).mapToObj(group::get))
                .toList();
    }

    private static Stream<FaultCase> cases(Scenario scenario, Ending golden) {
        Stream<FaultCase> calls = Arrays.stream(CallFault.values())
                .flatMap(fault -> IntStream.rangeClosed(1, golden.calls().size())
                        .mapToObj(k -> new FaultCase(scenario, fault, null, k)));
        Stream<FaultCase> events = Arrays.stream(WatchFault.values())
                .flatMap(fault -> IntStream.rangeClosed(1, golden.watched().size())
                        .mapToObj(k -> new FaultCase(scenario, null, fault, k)));
        return Stream.concat(calls, events);
    }

    private static String describe(FaultCase one, Ending ending, Ending golden) {
        List<String> place = one.call() == null ? golden.watched() : golden.calls();
        return "%n-Dfaults.only=%s  (%s)%n  %s%n  story: %s%n  calls: %s"
                .formatted(
                        one,
                        one.k() <= place.size() ? place.get(one.k() - 1) : "?",
                        String.join("\n  ", ending.wrong()),
                        String.join(" | ", ending.story()),
                        String.join(" | ", ending.calls()));
    }
}
