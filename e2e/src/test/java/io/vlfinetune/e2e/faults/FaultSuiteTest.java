package io.vlfinetune.e2e.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Every fault at every request and at every event of whole lives. {@code -Dfaults.full=true} (profile {@code faults}) runs
 * all cases; otherwise each fault strikes each life once, at a place that {@code -Dfaults.seed=…} decides. A single case
 * is run again by {@code -Dfaults.only=Normal/KilledAfter/7}; {@code -Dfaults.scenarios=Normal,Deleted} chooses lives.
 */
@ExtendWith(OnGround.class)
class FaultSuiteTest {
    private static final int PARALLEL = Integer.getInteger("faults.parallel", 8);
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
            List<Callable<Ending>> tasks = cases.stream()
                    .<Callable<Ending>>map(one -> () -> runner.run(one, golden.get(one.scenario())))
                    .toList();
            List<Future<Ending>> endings = pool.invokeAll(tasks);
            for (int index = 0; index < cases.size(); index++) {
                Ending ending = endings.get(index).get();
                fired += ending.fired() ? 1 : 0;
                if (!ending.wrong().isEmpty()) {
                    failures.add(describe(
                            cases.get(index),
                            ending,
                            golden.get(cases.get(index).scenario())));
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
        List<List<FaultCase>> groups = golden.entrySet().stream()
                .flatMap(life -> groups(life.getKey(), life.getValue()))
                .toList();
        if (Boolean.getBoolean("faults.full")) {
            return groups.stream().flatMap(List::stream).toList();
        }
        Random random = new Random(SEED);
        return groups.stream()
                .map(group -> group.get(random.nextInt(group.size())))
                .toList();
    }

    /** The cases of one life, each fault in a group of its own. */
    private static Stream<List<FaultCase>> groups(Scenario scenario, Ending golden) {
        Stream<List<FaultCase>> calls = Arrays.stream(CallFault.values())
                .map(fault -> IntStream.rangeClosed(1, golden.calls().size())
                        .mapToObj(k -> new FaultCase(scenario, fault, null, k))
                        .toList());
        Stream<List<FaultCase>> events = Arrays.stream(WatchFault.values())
                .map(fault -> IntStream.rangeClosed(1, golden.watched().size())
                        .mapToObj(k -> new FaultCase(scenario, null, fault, k))
                        .toList());
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
