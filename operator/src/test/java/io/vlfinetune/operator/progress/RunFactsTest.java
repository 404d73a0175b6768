package io.vlfinetune.operator.progress;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is known does not get less by an old report, which a cache that is behind may bring. */
class RunFactsTest {
    @Test
    void givenAnOldReportThenNeitherPercentNorCheckpointGoBack() {
        VLFineTuneStatus known = facts(VLFineTuneStatus.EMPTY, report(1, 50, 100));

        VLFineTuneStatus next = facts(known, report(1, 20, 40));

        assertThat(next.progress().percent()).isEqualTo(50);
        assertThat(next.checkpoint().step()).isEqualTo(100);
    }

    @Test
    void givenAnAttemptThatHadToResumeFromAnEarlierCheckpointThenThatOneCounts() {
        VLFineTuneStatus known = facts(VLFineTuneStatus.EMPTY, report(1, 50, 100));

        // Samples' second attempt says that it resumed from step 40.
        VLFineTuneStatus next = facts(known, report(2, 30, 60));

        assertThat(next.checkpoint().step()).isEqualTo(60);
    }

    private static VLFineTuneStatus facts(VLFineTuneStatus before, ProgressReport report) {
        return RunFacts.reported(before, report.attempt(), Optional.of(report), null, List.of());
    }

    private static ProgressReport report(int attempt, int percent, long checkpoint) {
        return Samples.report(attempt, 1, TrainerState.Training, percent, checkpoint, null);
    }
}
