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
import io.vlfinetune.operator.conditions.Conditions;
import io.vlfinetune.operator.conditions.Phases;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Lives made of random events, in which some things must hold whatever happens. */
class RandomLifeTest {
    private static final List<TrainerState> STATES =
            List.of(TrainerState.Preparing, TrainerState.Training, TrainerState.Evaluating, TrainerState.Finishing);
    private static final int LIVES = 100;
    private static final int EVENTS = 60;

    @Test
    void givenAnyEventsThenStatusIsConsistentAndNothingIsDoneTwice() {
        Set<Phase> seen = EnumSet.noneOf(Phase.class);
        for (int seed = 0; seed < LIVES; seed++) {
            live(new Random(seed), "seed " + seed, seen);
        }
        assertThat(seen)
                .as("phases that were lived through")
                .contains(Phase.Starting, Phase.Running, Phase.Restarting, Phase.Succeeded, Phase.Failed);
    }

    private static void live(Random random, String name, Set<Phase> seen) {
        Life life = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);
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
            int done = life.done.size();
            life.step();
            assertThat(life.writes).as(name + ": a second look writes nothing").isEqualTo(writes);
            assertThat(life.done).as(name + ": a second look does nothing").hasSize(done);
            happen(life, random, plan);
        }
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
        if (life.top() == 0) {
            return;
        }
        int number = life.top();
        int kind = random.nextInt(12);
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
