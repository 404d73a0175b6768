package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the engine says of an operator that failed decides the exit code, and with it whether the run is tried again. */
class OutOfMemoryTest {
    private final Ops ops = Ops.start(1, Optional.of(LinearKernel.MKL));

    @AfterEach
    void close() {
        ops.close();
    }

    /** 256 TB: more than a process can address, wherever this runs. */
    @Test
    void givenAnOperatorThatNeedsMoreMemoryThanThereIsThenItIsOutOfMemory() {
        try (NDArray x = ops.empty(DType.F32, 8_000_000, 1);
                NDArray weight = ops.empty(DType.F32, 8_000_000, 1)) {
            Throwable problem = catchThrowable(() -> ops.linear(x, weight, null));

            assertThat(problem).hasMessageContaining("aten::linear failed on [8000000, 1], [8000000, 1]");
            assertThat(Main.isOutOfMemory(problem)).as(problem.getMessage()).isTrue();
        }
    }

    @Test
    void givenAnOperatorThatFailsForAnotherReasonThenTheEngineSaysWhy() {
        try (NDArray x = ops.empty(DType.F32, 2, 3);
                NDArray weight = ops.empty(DType.F32, 2, 5)) {
            Throwable problem = catchThrowable(() -> ops.linear(x, weight, null));

            assertThat(problem).hasMessageContaining("mat1 and mat2 shapes cannot be multiplied");
            assertThat(Main.isOutOfMemory(problem)).isFalse();
        }
    }
}
