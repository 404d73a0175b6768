package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.MadeFrom;
import io.vlfinetune.operator.conditions.Conditions;
import io.vlfinetune.operator.conditions.Phases;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Lives made of random events, in which some things must hold whatever happens. */
class RandomLifeTest {
    private static final List<TrainerState> STATES =
            List.of(TrainerState.Preparing, TrainerState.Training, TrainerState.Evaluating, TrainerState.Finishing);
    private static final List<String> LIFECYCLES = List.of(
            "{}",
            "{}",
            "{\"suspend\": true}",
            "{\"onNoHeartbeat\": \"Restart\", \"progressTimeout\": \"1m\"}",
            "{\"activeDeadline\": \"10m\", \"pendingDeadline\": \"2m\", \"childrenTTL\": \"3m\"}");
    private static final List<String> ANNOTATIONS = List.of(MadeFrom.RETRY, Planner.PAUSED, Planner.HEALTH);
    private static final List<String> TOKENS = List.of("one", "two", "true", "completion");
    private static final int LIVES = 100;
    private static final int EVENTS = 60;
    private static final Duration AT_ONCE = Duration.ofMillis(1);

    @Test
    void givenAnyEventsThenStatusIsConsistentAndNothingIsDoneTwice() {
        Set<Phase> seen = EnumSet.noneOf(Phase.class);
        for (int seed = 0; seed < LIVES; seed++) {
            live(new Random(seed), seed % 4 == 0, "seed " + seed, seen);
        }
        assertThat(seen)
                .as("phases that were lived through")
                .containsExactlyInAnyOrderElementsOf(EnumSet.complementOf(EnumSet.of(Phase.Queued)));
    }

    private static void live(Random random, boolean paused, String name, Set<Phase> seen) {
        Life life = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);
        if (paused) {
            life.annotate(Planner.PAUSED, "true");
        }
        for (int event = 0; event < EVENTS; event++) {
            VLFineTuneStatus before = life.status();
            int top = life.top();
            boolean alive = liveJob(life);
            Plan plan = life.step();
            consistent(name, life, before);
            seen.add(life.status().phase());
            if (life.top() > top) {
                assertThat(alive)
                        .as(name + ": no second trainer beside a live one")
                        .isFalse();
            }
            int writes = life.writes;
            VLFineTuneStatus first = life.status();
            int done = life.done.size();
            if (plan.requeueAfter() == null || plan.requeueAfter().compareTo(AT_ONCE) > 0) {
                life.step();
            }
            assertThat(life.status())
                    .as(name + ": a second look writes nothing")
                    .isEqualTo(first);
            assertThat(life.writes).as(name).isEqualTo(writes);
            assertThat(life.done.size())
                    .as(name + ": a second look does nothing but " + life.brief(done))
                    .isEqualTo(done);
            told(name, life);
            printed(name, life);
            happen(life, random, plan);
        }
    }

    /** What the tools say agrees with the phase, and the tools with each other. */
    private static void told(String name, Life life) {
        VLFineTuneStatus status = life.status();
        Kstatus kstatus = Kstatus.of(life.run);
        Kstatus expected = switch (status.phase()) {
            // A failed run that is paused does not take up its new spec.
            case Failed ->
                Objects.equals(
                                status.observedGeneration(),
                                life.run.getMetadata().getGeneration())
                        ? Kstatus.Failed
                        : Kstatus.InProgress;
            case Suspending -> Kstatus.InProgress;
            case Pending ->
                Conditions.isTrue(status.conditions(), ConditionType.Stalled) ? Kstatus.Failed : Kstatus.InProgress;
            case Succeeded -> Kstatus.Current;
            case Queued, Starting, Running, Restarting, Suspended ->
                Conditions.isTrue(status.conditions(), ConditionType.Reconciling)
                        ? Kstatus.InProgress
                        : Kstatus.Current;
        };
        boolean held = Conditions.find(status.conditions(), ConditionType.Reconciling)
                .filter(condition -> condition.reason().equals("Paused"))
                .isPresent();
        if (!held) {
            assertThat(kstatus).as(name + " " + status.phase()).isEqualTo(expected);
        }
        String health = switch (kstatus) {
            case Failed -> "Degraded";
            case InProgress -> "Progressing";
            case Current -> status.phase() == Phase.Suspended ? "Suspended" : "Healthy";
        };
        assertThat(HealthLua.of(life.run)).as(name + " " + status.phase()).isEqualTo(health);
    }

    /** What a table shows is what the conditions say. */
    private static void printed(String name, Life life) {
        VLFineTuneStatus status = life.status();
        Map<String, String> cells = PrinterColumns.of(life.run);
        assertThat(cells)
                .as(name)
                .containsEntry("PHASE", status.phase().name())
                .containsEntry("REASON", life.condition(ConditionType.Ready).reason());
        assertThat(cells.get("ATTEMPT")).as(name).isEqualTo(text(status.attempt()));
        if (status.progress() == null) {
            assertThat(cells).as(name).doesNotContainKeys("PROGRESS", "STEP", "LOSS", "ETA");
        } else {
            assertThat(cells.get("PROGRESS"))
                    .as(name)
                    .isEqualTo(text(status.progress().percent()));
            assertThat(cells.get("STEP"))
                    .as(name)
                    .isEqualTo(text(status.progress().step()));
            assertThat(cells.get("LOSS")).as(name).isEqualTo(status.progress().loss());
        }
        if (status.phase() == Phase.Succeeded) {
            assertThat(cells.getOrDefault("ETA", "0"))
                    .as(name + ": nothing is left to wait for")
                    .isEqualTo("0");
        }
    }

    private static @Nullable String text(@Nullable Object number) {
        return number == null ? null : number.toString();
    }

    private static boolean liveJob(Life life) {
        JobFacts job = life.top() == 0 ? null : life.attempts.get(life.top()).job();
        return job != null && job.end() == null;
    }

    private static void consistent(String name, Life life, VLFineTuneStatus before) {
        VLFineTuneStatus status = life.status();
        assertThat(status.phase()).as(name).isEqualTo(Phases.of(status.conditions()));
        assertThat(status.conditions())
                .as(name)
                .extracting(Condition::type)
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(ConditionType.values())
                        .filter(type -> type != ConditionType.QuotaReserved)
                        .map(Enum::name)
                        .toList());
        for (Condition condition : status.conditions()) {
            Conditions.find(before.conditions(), ConditionType.valueOf(condition.type()))
                    .filter(old -> old.status().equals(condition.status()))
                    .ifPresent(old -> assertThat(condition.lastTransitionTime())
                            .as(name + " " + condition.type())
                            .isEqualTo(old.lastTransitionTime()));
            assertThat(condition.message()).as(name + " " + condition.type()).isNotBlank();
        }
        boolean succeeded = status.phase() == Phase.Succeeded;
        assertThat(succeeded && Conditions.isTrue(status.conditions(), ConditionType.Stalled))
                .as(name)
                .isFalse();
        if (status.progress() != null) {
            assertThat(status.progress().percent() == 100).as(name).isEqualTo(succeeded);
        }
        boolean sameSeries = life.top() > 0
                && life.attempts.get(life.top()).job() != null
                && Objects.requireNonNullElse(before.attempt(), 0)
                        >= life.attempts.get(life.top()).job().firstAttempt();
        if (sameSeries && before.progress() != null) {
            assertThat(status.progress().percent())
                    .as(name)
                    .isGreaterThanOrEqualTo(before.progress().percent());
        }
        assertThat(status.attempts().size()).as(name).isLessThanOrEqualTo(5);
    }

    private static void happen(Life life, Random random, Plan plan) {
        life.after(Duration.ofSeconds(random.nextInt(30)));
        int number = life.top();
        if (number == 0) {
            life.annotate(Planner.PAUSED, "false");
            return;
        }
        int kind = random.nextInt(18);
        if (kind == 16) {
            life.lifecycle(LIFECYCLES.get(random.nextInt(LIFECYCLES.size())));
        } else if (kind == 17) {
            life.annotate(
                    ANNOTATIONS.get(random.nextInt(ANNOTATIONS.size())), TOKENS.get(random.nextInt(TOKENS.size())));
        } else if (liveJob(life) && life.attempts.get(number).job().deleting() && kind > 6) {
            stop(life, random, number);
        } else {
            happen(life, random, plan, number, kind);
        }
    }

    /** A Job that was deleted vanishes with its pod, whatever its trainer got to. */
    private static void stop(Life life, Random random, int number) {
        if (random.nextBoolean() && life.attempts.get(number).ownReport().isPresent()) {
            life.report(Samples.report(
                    number,
                    2000,
                    TrainerState.Ended,
                    50,
                    null,
                    random.nextInt(4) == 0 ? Samples.success(number) : Samples.stopped(number)));
        }
        life.jobDeleted();
    }

    private static void happen(Life life, Random random, Plan plan, int number, int kind) {
        if (!liveJob(life)) {
            if (kind < 3) {
                life.changeSpec();
            } else if (plan.requeueAfter() != null) {
                life.after(plan.requeueAfter());
            }
            return;
        }
        switch (kind) {
            case 0 -> life.exits(0, Samples.success(number)).jobComplete();
            case 1 -> life.exits(70, false, "log").jobFailed();
            case 2 -> life.exits(137, true, null).jobFailed();
            case 3 -> life.exits(40, Samples.stopped(number)).jobFailed();
            case 4 ->
                life.exits(12, Samples.failure(number, Reason.ModelUnsupported, "no"))
                        .jobFailed();
            case 5 -> life.podDeleted().jobFailed();
            case 6 -> life.jobDeleted();
            case 8 -> life.evicted();
            case 9 -> life.replaced("abc" + random.nextInt(3));
            case 10 -> life.after(Duration.ofMinutes(11));
            case 7 -> life.waiting("ErrImagePull", "try " + random.nextInt());
            default ->
                life.running()
                        .report(Samples.report(
                                number,
                                random.nextInt(1000),
                                STATES.get(random.nextInt(STATES.size())),
                                random.nextInt(101)));
        }
    }
}
