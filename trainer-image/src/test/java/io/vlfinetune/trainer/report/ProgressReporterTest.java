package io.vlfinetune.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.trainer.testing.ProgressServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The live channel against a server on loopback. */
class ProgressReporterTest {
    private static final Duration NEVER = Duration.ofHours(1);
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-04T05:06:07Z"), ZoneOffset.UTC);
    private static final LastWord END =
            new LastWord(2, LastWord.Outcome.Succeeded, null, "done", 4L, null, null, null, null);

    @TempDir
    private Path credentials;

    private final RunLog log =
            new RunLog(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8), CLOCK);
    private ProgressServer server;

    @BeforeEach
    void startServer() throws IOException {
        server = new ProgressServer();
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    @Test
    void givenAProcessStartThenTheFirstRequestIsAnEmptyPatchAndTheFirstReportFollowsAtOnce() throws Exception {
        try (ProgressReporter reporter = reporter(NEVER)) {
            List<ProgressServer.Request> requests = server.await(2);

            assertThat(requests).allSatisfy(request -> {
                assertThat(request.method()).isEqualTo("PATCH");
                assertThat(request.contentType()).isEqualTo("application/merge-patch+json");
            });
            assertThat(requests.getFirst().body()).isEmpty();
            JsonNode report = requests.get(1).body().path("report");
            assertThat(report.toString())
                    .isEqualTo(
                            "{\"attempt\":2,\"sequence\":0,\"time\":\"2026-03-04T05:06:07Z\",\"state\":\"Preparing\"}");
            assertThat(reporter.checkpoint()).isNull();
        }
    }

    @Test
    void givenAnObjectWithReportsOfAReplacedPodThenTheSequenceGoesOn() throws Exception {
        server.holds("{\"metadata\":{\"name\":\"digits-1\"},\"report\":{\"attempt\":2,\"sequence\":41}}");
        try (ProgressReporter reporter = reporter(NEVER)) {
            server.await(2);
            reporter.checkpoint(new CheckpointStatus(3L, "file:///c", "now", 2L));
            List<ProgressServer.Request> requests = server.await(3);
            assertThat(sequences(requests)).containsExactly(42L, 43L);
            assertThat(requests.getLast().body().at("/report/checkpoint/step").asInt())
                    .isEqualTo(3);
        }
    }

    @Test
    void givenNothingHappensThenHeartbeatsGoOn() throws Exception {
        try (ProgressReporter reporter = reporter(Duration.ofMillis(20))) {
            List<Long> sequences = sequences(server.await(6));
            assertThat(sequences).startsWith(0L, 1L, 2L, 3L, 4L);
            assertThat(reporter.progress()).isNull();
        }
    }

    @Test
    void givenTheSameStateAgainThenNothingIsSent() throws Exception {
        try (ProgressReporter reporter = reporter(NEVER)) {
            server.await(2);
            reporter.state(TrainerState.Training);
            server.await(3);
            reporter.state(TrainerState.Training);
            reporter.end(END);
            List<ProgressServer.Request> requests = server.requests();
            assertThat(requests).hasSize(4);
            assertThat(requests.getLast().body().at("/report/state").asText()).isEqualTo("Ended");
            assertThat(requests.getLast().body().at("/report/lastWord/message").asText())
                    .isEqualTo("done");
        }
    }

    @Test
    void givenAServerThatFailsForAWhileThenTheRunGoesOnAndTheLastWordStillArrives() throws Exception {
        server.answers(503);
        try (ProgressReporter reporter = reporter(Duration.ofMillis(20))) {
            server.await(3);
            assertThat(server.requests())
                    .allSatisfy(request -> assertThat(request.body()).isEmpty());
            server.answers(200);
            reporter.end(END);
        }
        assertThat(server.requests()
                        .getLast()
                        .body()
                        .at("/report/lastWord/outcome")
                        .asText())
                .isEqualTo("Succeeded");
        assertThat(log.tail().lines().filter(line -> line.contains("progress is not reported for now")))
                .as("said once, not with every heartbeat")
                .hasSize(1)
                .first()
                .asString()
                .contains("the API server answered 503");
    }

    @Test
    void givenAServerThatIsGoneOrAnswersNonsenseThenNothingIsThrown() throws Exception {
        server.holds("<html>");
        try (ProgressReporter reporter = reporter(NEVER)) {
            server.await(1);
            reporter.end(END);
        }
        assertThat(log.tail()).contains("progress is not reported for now");
        server.close();
        try (ProgressReporter reporter = reporter(NEVER)) {
            reporter.checkpoint(new CheckpointStatus(3L, "file:///c", "now", 2L));
            reporter.end(END);
            assertThat(reporter.checkpoint()).isNotNull();
        }
    }

    @Test
    void givenATokenThatNoHeaderCanCarryThenTheRunGoesOn() throws Exception {
        Files.writeString(credentials.resolve("token"), "two\nlines");
        try (ProgressReporter reporter = reporter(Duration.ofMillis(20))) {
            reporter.end(END);
            Files.writeString(credentials.resolve("token"), "good");
            server.await(2);
        }
        assertThat(log.tail()).contains("progress is not reported for now");
    }

    @Test
    void givenNoChannelThenEverythingIsKeptAndNothingSent() {
        try (ProgressReporter reporter = new ProgressReporter(Optional.empty(), 1, NEVER, CLOCK, log)) {
            reporter.state(TrainerState.Training);
            reporter.checkpoint(new CheckpointStatus(3L, "file:///c", "now", 2L));
            reporter.end(END);
            assertThat(reporter.checkpoint()).isEqualTo(new CheckpointStatus(3L, "file:///c", "now", 2L));
        }
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void givenAProjectedTokenThenItIsReadAnewForEachRequest() throws Exception {
        ProgressChannel channel = new ProgressChannel(server.url(), credentials);
        assertThat(channel.latestSequence()).isEqualTo(-1);
        Files.writeString(credentials.resolve("token"), "first\n");
        assertThat(channel.latestSequence()).isEqualTo(-1);
        Files.writeString(credentials.resolve("token"), "second");
        assertThat(channel.latestSequence()).isEqualTo(-1);
        assertThat(server.requests())
                .extracting(ProgressServer.Request::authorization)
                .containsExactly(null, "Bearer first", "Bearer second");
    }

    @Test
    void givenAnAuthorityThatIsNoCertificateThenTheFileIsNamed() throws Exception {
        Path authority = Files.writeString(credentials.resolve("ca.crt"), "-----BEGIN CERTIFICATE-----\nx\n");
        assertThatThrownBy(() -> new ProgressChannel(URI.create("https://127.0.0.1/"), credentials))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(authority.toString());
    }

    private ProgressReporter reporter(Duration period) throws IOException {
        return new ProgressReporter(Optional.of(new ProgressChannel(server.url(), credentials)), 2, period, CLOCK, log);
    }

    private static List<Long> sequences(List<ProgressServer.Request> requests) {
        return requests.stream()
                .filter(request -> request.body().has("report"))
                .map(request -> request.body().at("/report/sequence").asLong())
                .toList();
    }
}
