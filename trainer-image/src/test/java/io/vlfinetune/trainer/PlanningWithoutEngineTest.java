package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.trainer.data.Fixtures;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanningWithoutEngineTest {
    @Test
    void givenAModelFolderWhenPlannedThenTheEngineIsNeverLoaded(@TempDir Path folder) throws Exception {
        try (ChildJvm child = ChildJvm.start(
                folder.resolve("output"),
                PlanningProbe.class,
                Fixtures.llava().toAbsolutePath().toString())) {
            assertThat(child.exitCode()).as(child.text()).isZero();
            assertThat(child.text().lines())
                    .contains("trainable 6272 of 289920", "after planning: false", "after verifying, true: false")
                    .anyMatch(line -> line.matches("after starting the engine with \\w+: true"));
        }
    }
}
