package io.vlfinetune.e2e.faults;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Lives one case and compares it with the life without a fault.
 *
 * @param ground where
 */
record CaseRunner(Ground ground) {
    private static final long QUIET_MILLIS = 250;
    /** What was refused is tried again within seconds; where it has come, nobody waits. */
    private static final Duration DUE = Duration.ofSeconds(30);

    private static final long FIRST_START_MILLIS = 1_500;
    /** A restart or a retry repeats at most what one reconcile writes: claim, progress, Job, status, event. */
    private static final int MORE_WRITES = 6;

    /**
     * Runs it.
     *
     * @param golden the same life without a fault; null: this is that one
     */
    Ending run(FaultCase one, @Nullable Ending golden) throws InterruptedException {
        String namespace = ground.namespace();
        User user = ground.user(namespace, "digits");
        Traffic traffic = one.traffic();
        List<String> wrong = new ArrayList<>();
        if (golden == null) {
            user.record().withoutFaults();
        }
        try (Lives lives = ground.operator(namespace, traffic, one.watch())) {
            lives.awaitStart(FIRST_START_MILLIS);
            user.create(one.scenario().wish());
            try {
                one.scenario().use(user);
                user.await("end", () -> ended(one, user));
                settle(one, user, traffic, golden);
            } catch (AssertionError e) {
                wrong.add(Objects.requireNonNullElse(e.getMessage(), "no end"));
            }
            wrong.addAll(user.record().violations());
            user.orphans().map(orphan -> "nobody owns " + orphan).forEach(wrong::add);
            Ending ending = ending(one, user, traffic, wrong);
            if (golden != null) {
                differences(one, golden, ending).forEach(wrong::add);
            }
            return ending;
        }
    }

    private static boolean ended(FaultCase one, User user) {
        return one.scenario().endsInNothing()
                ? user.record().isGone() && user.children().isEmpty()
                : RunRecord.finished(user.record().status());
    }

    /** The end is one that stays: nothing is written any more, and what is due to come has come. */
    private static void settle(FaultCase one, User user, Traffic traffic, @Nullable Ending golden) {
        user.await("quiet", () -> traffic.quietMillis() > QUIET_MILLIS);
        if (golden == null || one.scenario().endsInNothing()) {
            return;
        }
        long deadline = System.nanoTime() + DUE.toNanos();
        while (System.nanoTime() < deadline
                && !(user.events().equals(golden.events())
                        && RunRecord.outcome(user.record().status()).equals(golden.outcome()))) {
            User.pause(50);
        }
        user.await("quiet", () -> traffic.quietMillis() > QUIET_MILLIS);
    }

    private static Ending ending(FaultCase one, User user, Traffic traffic, List<String> wrong) {
        return new Ending(
                one.scenario().endsInNothing()
                        ? List.of()
                        : RunRecord.outcome(user.record().status()),
                user.events(),
                traffic.calls(),
                traffic.writes(),
                traffic.events(),
                user.record().trainersEver(),
                traffic.fired(),
                wrong,
                user.record().story());
    }

    private static Stream<String> differences(FaultCase one, Ending golden, Ending ending) {
        Stream<String> missing = golden.outcome().stream()
                .filter(line -> !ending.outcome().contains(line))
                .filter(line -> !unseen(line, ending))
                .map(line -> "without fault: " + line);
        Stream<String> other = ending.outcome().stream()
                .filter(line -> !golden.outcome().contains(line))
                .filter(line -> !unseen(line, ending))
                .map(line -> "with fault: " + line);
        Stream<String> events = told(one, golden, ending)
                ? Stream.of()
                : Stream.of("events are %s, without fault %s".formatted(ending.events(), golden.events()));
        Stream<String> trainers = golden.trainers() == ending.trainers()
                ? Stream.of()
                : Stream.of("%d pods worked, without fault %d".formatted(ending.trainers(), golden.trainers()));
        Stream<String> writes = ending.writes().size() <= golden.writes().size() + MORE_WRITES
                ? Stream.of()
                : Stream.of("%d writes, without fault %d: %s"
                        .formatted(ending.writes().size(), golden.writes().size(), ending.writes()));
        return Stream.of(missing, other, events, trainers, writes).flatMap(lines -> lines);
    }

    /** A preemption that came and went while no operator looked leaves no trace on the server. */
    private static boolean unseen(String line, Ending ending) {
        return line.startsWith(RunRecord.PREEMPTIONS)
                && ending.outcome().stream().anyMatch((RunRecord.PREEMPTIONS + 0)::equals);
    }

    /**
     * The end is told exactly once. What lies before it is told at most once, since an operator that was away may not
     * have seen it. An event that the server calls invalid is not told again.
     */
    private static boolean told(FaultCase one, Ending golden, Ending ending) {
        List<String> more = new ArrayList<>(ending.events());
        golden.events().forEach(more::remove);
        boolean refused = one.call() == CallFault.Invalid
                && one.k() <= ending.calls().size()
                && ending.calls().get(one.k() - 1).endsWith("/events");
        String end = golden.last();
        return more.isEmpty() && (refused || count(ending, end) == count(golden, end));
    }

    private static long count(Ending ending, String event) {
        return ending.events().stream().filter(event::equals).count();
    }
}
