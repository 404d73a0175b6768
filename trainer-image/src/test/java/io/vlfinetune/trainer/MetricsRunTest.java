package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.testing.Exposition;
import io.vlfinetune.trainer.training.StopSignal;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Prometheus reads while a trainer works, beside what metrics.jsonl says afterwards. */
class MetricsRunTest {
    @TempDir
    private Path folder;

    /** Scrapes each time the loop asks whether it is to stop: between steps and between batches of an evaluation. */
    private static final class Scraping extends StopSignal {
        private static final Pattern ADDRESS = Pattern.compile("metrics at http://(127\\.0\\.0\\.1:[0-9]+)/metrics");

        private final TestRun run;
        private final List<Exposition> scrapes = new ArrayList<>();

        Scraping(TestRun run) {
            this.run = run;
        }

        @Override
        public boolean requested() {
            Matcher served = ADDRESS.matcher(run.log());
            assertThat(served.find()).as(run.log()).isTrue();
            scrapes.add(Exposition.scrape(served.group(1)));
            return super.requested();
        }
    }

    @Test
    void givenARunWhenScrapedWhileItTrainsThenTheValuesAreThoseOfMetricsJsonl() throws IOException {
        TestRun run = new TestRun(folder).projectorOnly().metricsAddress("127.0.0.1:0");
        run.part("training").put("checkpointEvery", 2);
        Scraping scraping = new Scraping(run);

        assertThat(run.start(scraping).exitCode()).isZero();

        Exposition first = scraping.scrapes.getFirst();
        assertThat(first.value("vlfinetune_trainer_step")).isZero();
        assertThat(first.value("vlfinetune_trainer_steps")).isEqualTo(4);
        assertThat(first.value("vlfinetune_trainer_loss")).isNaN();
        List<JsonNode> steps = run.metrics().stream()
                .filter(line -> line.has("loss") && line.has("seconds") && !line.has("evaluation"))
                .toList();
        assertThat(steps).hasSize(4);
        for (JsonNode step : steps) {
            assertThat(scraping.scrapes)
                    .as("a scrape after step %s", step.get("step"))
                    .filteredOn(scrape -> scrape.value("vlfinetune_trainer_step")
                            == step.get("step").asDouble())
                    .isNotEmpty()
                    .allSatisfy(scrape -> assertEquals(scrape, step));
        }
        Exposition last = scraping.scrapes.getLast();
        assertThat(last.value("vlfinetune_trainer_samples_total")).isEqualTo(8);
        assertThat(last.value("vlfinetune_trainer_checkpoints_total")).isBetween(1.0, 2.0);
        assertThat(last.value("vlfinetune_trainer_resident_memory_bytes"))
                .isBetween(1e7, last.value("vlfinetune_trainer_peak_memory_bytes"));
        JsonNode evaluation = run.metrics().stream()
                .filter(line -> line.has("evaluation"))
                .findFirst()
                .orElseThrow();
        assertThat(last.value("vlfinetune_trainer_evaluation", "set", "held", "metric", "loss"))
                .isCloseTo(evaluation.get("loss").asDouble(), within(1e-9));
    }

    private static void assertEquals(Exposition scrape, JsonNode step) {
        assertThat(scrape.value("vlfinetune_trainer_loss"))
                .isCloseTo(step.get("loss").asDouble(), within(1e-9));
        assertThat(scrape.value("vlfinetune_trainer_epoch"))
                .isCloseTo(step.get("epoch").asDouble(), within(1e-9));
        assertThat(scrape.value("vlfinetune_trainer_gradient_norm"))
                .isCloseTo(step.get("gradientNorm").asDouble(), within(1e-9));
        assertThat(scrape.value("vlfinetune_trainer_learning_rate", "part", "Projector"))
                .isCloseTo(step.at("/learningRates/Projector").asDouble(), within(1e-12));
        assertThat(scrape.value("vlfinetune_trainer_part_gradient_norm", "part", "Projector"))
                .isCloseTo(step.at("/gradientNorms/Projector").asDouble(), within(1e-9));
        assertThat(scrape.value("vlfinetune_trainer_learning_rate", "part", "LanguageModel"))
                .as("a frozen part has no rate")
                .isNaN();
        assertThat(scrape.value("vlfinetune_trainer_samples_per_second"))
                .isCloseTo(step.get("samples").asDouble() / step.get("seconds").asDouble(), within(1e-6));
        JsonNode cache = step.path("cache");
        if (!cache.isMissingNode()) {
            assertThat(scrape.value("vlfinetune_trainer_prefix_cache_hits_total"))
                    .isEqualTo(cache.get("hits").asDouble());
            assertThat(scrape.value("vlfinetune_trainer_prefix_cache_misses_total"))
                    .isEqualTo(cache.get("misses").asDouble());
            assertThat(scrape.value("vlfinetune_trainer_prefix_cache_size_bytes"))
                    .isEqualTo(cache.get("bytes").asDouble());
        }
    }

    @Test
    void givenAnAddressThatIsTakenOrNoneThenTheRunSucceedsAllTheSame() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            TestRun run = new TestRun(folder.resolve("taken"))
                    .projectorOnly()
                    .metricsAddress("127.0.0.1:" + taken.getLocalPort());
            run.part("training").put("steps", 1);
            assertThat(run.start().exitCode()).isZero();
        }
        TestRun run = new TestRun(folder.resolve("none")).projectorOnly().metricsAddress("here:there");
        run.part("training").put("steps", 1);
        assertThat(run.start().exitCode()).isZero();
    }
}
