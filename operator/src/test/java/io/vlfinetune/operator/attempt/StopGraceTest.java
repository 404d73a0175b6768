package io.vlfinetune.operator.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.CheckpointStatus;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** How long a trainer may take to stop. */
class StopGraceTest {
    @Test
    void givenNoMeasuredCheckpointThenTwoMinutes() {
        assertThat(StopGrace.by(Stream.of())).isEqualTo(Duration.ofMinutes(2));
        assertThat(StopGrace.by(Stream.of(took(null)))).isEqualTo(Duration.ofMinutes(2));
    }

    @Test
    void givenMeasuredCheckpointsThenTheSlowestCountsWithinBounds() {
        assertThat(StopGrace.by(Stream.of(took(5L), took(1L)))).isEqualTo(Duration.ofMinutes(2));
        assertThat(StopGrace.by(Stream.of(took(5L), took(100L)))).isEqualTo(Duration.ofMinutes(6));
        assertThat(StopGrace.by(Stream.of(took(100_000L)))).isEqualTo(Duration.ofHours(1));
    }

    private static CheckpointStatus took(Long seconds) {
        return new CheckpointStatus(1L, "file:///scratch/checkpoint-1", "2026-01-01T00:00:00Z", seconds);
    }
}
