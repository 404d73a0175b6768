package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.trainer.training.StopSignal;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class MainTest {
    private final StopSignal stop = new StopSignal();
    private final CompletableFuture<Integer> ended = new CompletableFuture<>();
    private final AtomicInteger halted = new AtomicInteger(-1);

    @Test
    @Timeout(60)
    void givenSigtermWhenTheCheckpointTakesLongThenItIsWaitedForWithoutALimit() throws InterruptedException {
        Thread hook = new Thread(Main.onSigterm(stop, ended, halted::set));
        hook.start();
        // A wait with a limit would be TIMED_WAITING.
        while (hook.getState() != Thread.State.WAITING) {
            Thread.sleep(1);
        }
        assertThat(stop.requested()).isTrue();
        assertThat(halted).hasValue(-1);

        ended.complete(40);
        hook.join();
        assertThat(halted).hasValue(40);
    }

    @Test
    void givenTheRunHasEndedThenTheHookEndsWithItsCode() {
        ended.complete(70);
        Main.onSigterm(stop, ended, halted::set).run();
        assertThat(halted).hasValue(70);
    }
}
