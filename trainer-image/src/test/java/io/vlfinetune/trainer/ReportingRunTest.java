package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.trainer.testing.ProgressServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the operator hears of a run while it goes on. */
class ReportingRunTest {
    @TempDir
    private Path folder;

    private ProgressServer server;
    private TestRun run;

    @BeforeEach
    void prepare() throws IOException {
        server = new ProgressServer();
        run = new TestRun(folder).projectorOnly();
        run.json().put("progressUrl", server.url().toString());
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    @Test
    void givenARunThatSucceedsThenTheLastReportSaysAllThatWasFound() throws IOException {
        assertThat(run.start().exitCode()).isZero();

        List<ProgressReport> reports = reports();
        assertThat(reports).extracting(ProgressReport::sequence).isSorted().doesNotHaveDuplicates();
        ProgressReport last = reports.getLast();
        assertThat(last.lastWord()).isEqualTo(run.lastWord());
        assertThat(Objects.requireNonNull(last.progress()).percent()).isEqualTo(100);
        assertThat(last.progress().step()).isEqualTo(4);
        assertThat(Objects.requireNonNull(last.plan()).trainableParameters()).isEqualTo(6272);
        assertThat(Objects.requireNonNull(last.data()).samples()).isEqualTo(6);
        assertThat(Objects.requireNonNull(last.model()).family()).isEqualTo("llava");
        assertThat(last.metrics()).extracting(metric -> metric.name()).containsExactly("held/loss", "held/accuracy");
        // 100 percent means committed: while a step is taken it is at most 99.
        assertThat(reports.stream()
                        .filter(report -> report.state() == TrainerState.Training)
                        .map(ProgressReport::progress)
                        .filter(Objects::nonNull))
                .allSatisfy(progress -> assertThat(progress.percent()).isLessThan(100));
    }

    @Test
    void givenARunThatIsStoppedAndGoesOnThenTheReportsSaySo() throws IOException {
        assertThat(run.start(new TestRun.StopAt(6)).exitCode()).isEqualTo(ExitCodes.STOPPED);
        ProgressReport stopped = reports().getLast();
        assertThat(Objects.requireNonNull(stopped.lastWord()).outcome()).isEqualTo(LastWord.Outcome.Stopped);
        assertThat(Objects.requireNonNull(stopped.checkpoint()).step())
                .isEqualTo(stopped.lastWord().step())
                .isEqualTo(2);
        assertThat(stopped.resumedFromStep()).isNull();

        run.json().put("attempt", 2);
        assertThat(run.start().exitCode()).isZero();
        ProgressReport resumed = reports().getLast();
        assertThat(resumed.attempt()).isEqualTo(2);
        assertThat(resumed.resumedFromStep()).isEqualTo(2);
    }

    @Test
    void givenARunThatFailsThenTheReasonArrives() throws IOException {
        run.part("model").put("source", "hf://org/model");
        assertThat(run.start().exitCode()).isEqualTo(10);
        assertThat(Objects.requireNonNull(reports().getLast().lastWord()).reason())
                .isEqualTo(Reason.InvalidSpec);
    }

    @Test
    void givenAServerThatAlwaysFailsThenTheRunSucceedsAllTheSame() {
        server.answers(500);
        TestRun.Ended ended = run.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(server.requests()).isNotEmpty();
    }

    private List<ProgressReport> reports() throws IOException {
        List<ProgressReport> reports = new ArrayList<>();
        for (ProgressServer.Request request : server.requests()) {
            JsonNode report = request.body().path("report");
            if (!report.isMissingNode()) {
                reports.add(Json.strict().treeToValue(report, ProgressReport.class));
            }
        }
        return reports;
    }
}
