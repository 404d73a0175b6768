package io.vlfinetune.trainer.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class MemoryLimitTest {
    @Test
    void givenSeveralLimitsThenTheLowestCounts() {
        assertThat(MemoryLimit.of(Optional.of("3000"), Optional.of("5000\n"), Optional.of("MemTotal:     4 kB")))
                .isEqualTo(OptionalLong.of(3000));
        assertThat(MemoryLimit.of(Optional.empty(), Optional.of("5000\n"), Optional.of("MemTotal:     4 kB")))
                .isEqualTo(OptionalLong.of(4096));
        assertThat(MemoryLimit.of(Optional.empty(), Optional.of("3500\n"), Optional.of("MemTotal:     4 kB")))
                .isEqualTo(OptionalLong.of(3500));
    }

    @Test
    void givenAControlGroupWithoutALimitThenTheMachineCounts() {
        assertThat(MemoryLimit.of(Optional.empty(), Optional.of("max\n"), Optional.of("MemTotal:  1024 kB")))
                .isEqualTo(OptionalLong.of(1 << 20));
        assertThat(MemoryLimit.of(Optional.of("none"), Optional.empty(), Optional.empty()))
                .isEqualTo(OptionalLong.empty());
    }

    @Test
    void givenThisMachineThenSomethingTellsItsLimit() {
        assertThat(MemoryLimit.bytes(Map.of()).orElseThrow()).isPositive();
        assertThat(MemoryLimit.bytes(Map.of(MemoryLimit.VARIABLE, "12345"))).isEqualTo(OptionalLong.of(12345));
    }
}
