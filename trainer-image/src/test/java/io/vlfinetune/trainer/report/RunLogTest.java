package io.vlfinetune.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class RunLogTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-04T05:06:07.89Z"), ZoneOffset.UTC);

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final RunLog log = new RunLog(new PrintStream(written, true, StandardCharsets.UTF_8), CLOCK);

    @Test
    void givenLinesThenEachIsWrittenWithItsTimeAndKept() {
        log.line("one");
        log.line("two");
        assertThat(written.toString(StandardCharsets.UTF_8))
                .isEqualToNormalizingNewlines("2026-03-04T05:06:07Z one\n2026-03-04T05:06:07Z two\n");
        assertThat(log.tail()).isEqualTo("2026-03-04T05:06:07Z one\n2026-03-04T05:06:07Z two");
    }

    @Test
    void givenManyLinesThenTheLastWholeOnesAreKept() {
        for (int i = 0; i < 1000; i++) {
            log.line("line " + i);
        }
        assertThat(log.tail().length()).isBetween(1900, 2000);
        assertThat(log.tail()).startsWith("2026-03-04").endsWith("line 999");
    }

    @Test
    void givenOneEndlessLineThenItsEndIsKept() {
        log.line("before");
        log.line("a".repeat(5000) + "z");
        assertThat(log.tail()).hasSize(2000).endsWith("az").doesNotContain("before");
    }

    @Test
    void givenNothingThenTheTailIsEmpty() {
        assertThat(log.tail()).isEmpty();
    }
}
