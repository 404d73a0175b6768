package io.vlfinetune.operator;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DrainTest {
    private final Drain drain = new Drain();

    @Test
    void givenWorkInsideThenClosingWaitsForItAndLetsNoMoreIn() throws Exception {
        assertThat(drain.enter()).isTrue();
        CompletableFuture<Integer> closing = CompletableFuture.supplyAsync(() -> drain.close(Duration.ofSeconds(20)));
        while (drain.enter()) {
            drain.leave();
            Thread.sleep(1);
        }

        assertThat(closing).isNotDone();
        drain.leave();

        assertThat(closing.get(20, TimeUnit.SECONDS)).isZero();
        assertThat(drain.enter()).isFalse();
    }

    @Test
    void givenWorkThatDoesNotEndThenPatienceDoes() {
        drain.enter();

        assertThat(drain.close(Duration.ofMillis(20))).isEqualTo(1);
    }
}
