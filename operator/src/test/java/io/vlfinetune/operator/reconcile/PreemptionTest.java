package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PreemptionTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Life life = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);

    @BeforeEach
    void train() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30, 60L, null));
        life.step();
        life.after(SECOND);
    }

    @Test
    void givenAnEvictedPodThenTheAttemptGoesOnInItsReplacementAndIsNotCounted() {
        life.evicted().step();
        assertThat(life.status().phase()).isEqualTo(Phase.Restarting);
        assertThat(life.brief(ConditionType.Running)).isEqualTo("False/Preempted");
        assertThat(life.condition(ConditionType.Running).message()).contains("digits-1-0-abcde");

        life.after(SECOND).podDeleted().step();
        assertThat(life.brief(ConditionType.Running)).isEqualTo("False/Preempted");

        life.after(SECOND).replaced("fghij").step();
        assertThat(life.status().preemptions()).isEqualTo(1);
        assertThat(life.brief(ConditionType.Running))
                .as("the old report is not the new pod's")
                .isEqualTo("False/Preempted");

        life.after(SECOND).report(Samples.report(1, 2, TrainerState.Training, 30));
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Running);
        assertThat(life.status().preemptions()).isEqualTo(1);
        assertThat(life.status().attempt()).isEqualTo(1);
        assertThat(life.status().attempts().getFirst().pod()).isEqualTo("digits-1-0-fghij");

        life.after(SECOND).exits(0, Samples.success(1)).jobComplete().step();
        assertThat(life.status().phase()).isEqualTo(Phase.Succeeded);
    }

    @Test
    void givenAReplacementThatNeverReportsThenItIsSilentFromItsContainersStart() {
        life.evicted().step();
        life.after(Duration.ofHours(1)).replaced("fghij");
        assertThat(life.step().requeueAfter()).isEqualTo(Duration.ofMinutes(10));

        life.after(Duration.ofMinutes(10)).step();

        assertThat(life.status().phase()).isEqualTo(Phase.Restarting);
        assertThat(life.brief(ConditionType.Running)).isEqualTo("False/Preempted");
        assertThat(life.brief(ConditionType.Progressing)).isEqualTo("False/NoHeartbeat");
        assertThat(life.condition(ConditionType.Progressing).message()).contains("digits-1-0-fghij");

        life.after(SECOND).report(Samples.report(1, 2, TrainerState.Training, 30));
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Running);
        assertThat(life.brief(ConditionType.Progressing)).isEqualTo("True/Training");
    }

    @Test
    void givenAnOperatorThatSawNothingOfTheEvictionThenTheReplacementTellsOfIt() {
        life.replaced("fghij").report(Samples.report(1, 2, TrainerState.Training, 35));
        life.step();
        assertThat(life.status().preemptions()).isEqualTo(1);
        assertThat(life.status().phase()).isEqualTo(Phase.Running);
    }

    @Test
    void givenAPodThatEndsByItselfThenNothingIsSaidOfPreemption() {
        int writes = life.writes;
        life.exits(0, Samples.success(1)).step();
        assertThat(life.writes).isEqualTo(writes);
        life.jobComplete().step();
        assertThat(life.status().preemptions()).isNull();
        assertThat(life.writes).isEqualTo(writes + 1);
    }
}
