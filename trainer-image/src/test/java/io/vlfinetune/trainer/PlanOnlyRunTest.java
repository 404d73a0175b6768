package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.testing.ProgressServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** lifecycle.planOnly: the plan is resolved and reported, and nothing else happens. */
class PlanOnlyRunTest {
    @TempDir
    private Path folder;

    private TestRun run;

    @BeforeEach
    void prepare() {
        run = new TestRun(folder).projectorOnly();
        run.json().put("planOnly", true);
    }

    @Test
    void givenPlanOnlyThenThePlanIsReportedWithItsMemoryAndNothingIsWritten() throws IOException {
        try (ProgressServer server = new ProgressServer()) {
            run.json().put("progressUrl", server.url().toString());

            TestRun.Ended ended = run.start();

            assertThat(ended.exitCode()).isZero();
            assertThat(ended.lastWord().outcome()).isEqualTo(LastWord.Outcome.Planned);
            assertThat(ended.lastWord().step()).isZero();
            assertThat(ended.lastWord().output()).isNull();
            assertThat(ended.lastWord().message())
                    .startsWith("planned: trains 6,272 of 289,920 parameters")
                    .contains("estimated peak memory");
            ProgressReport last =
                    Json.strict().treeToValue(server.requests().getLast().body().path("report"), ProgressReport.class);
            PlanStatus plan = Objects.requireNonNull(last.plan());
            assertThat(plan.trainableParameters()).isEqualTo(6272);
            assertThat(Objects.requireNonNull(plan.memoryBytes()).total()).isPositive();
            assertThat(last.lastWord()).isEqualTo(ended.lastWord());
        }
        assertThat(run.leftovers()).isEmpty();
        assertThat(run.liveMetrics()).doesNotExist();
        assertThat(run.root().resolve("scratch").resolve("checkpoints")).doesNotExist();
    }

    @Test
    void givenPlanOnlyThenTheEngineIsNeverLoaded() throws Exception {
        run.write();
        try (ChildJvm child = ChildJvm.start(folder.resolve("output"), PlanOnlyProbe.class, run.arguments())) {
            assertThat(child.exitCode()).as(child.text()).isZero();
            assertThat(child.text().lines()).contains("exit 0, engine loaded: false");
        }
    }

    @Test
    void givenPlanOnlyWithBrokenDataThenItFailsAsTheRunWould() throws IOException {
        Files.writeString(run.data().resolve("train.jsonl"), "{\"messages\": 3}\n");

        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).isEqualTo(11);
        assertThat(ended.lastWord().reason()).isEqualTo(Reason.DataInvalid);
    }
}
