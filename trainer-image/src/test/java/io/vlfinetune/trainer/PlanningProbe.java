package io.vlfinetune.trainer;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.ModelSpec;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.source.Sources;
import io.vlfinetune.trainer.verify.Verifying;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Plans in a process of its own and tells whether the engine's library was loaded; then loads it, to show that it would
 * have been seen.
 */
final class PlanningProbe {
    private PlanningProbe() {}

    public static void main(String[] arguments) throws IOException {
        var plan = Planning.plan(
                new Sources(Path.of("/"), Map.of()),
                new ModelSpec("file://" + arguments[0]),
                new FreezeSpec(true, false, true, List.of()),
                new TrainingSpec(
                        1, null, null, null, "2e-4", null, null, null, null, null, null, null, null, null, null, null,
                        null, null, null));
        System.out.println("trainable " + plan.trainableParameters() + " of " + plan.totalParameters());
        System.out.println("after planning: " + engineLoaded());
        Path model = Path.of(arguments[0]);
        var held = Verifying.verify(new Verifying.Request(model, model, FreezeSpec.NOTHING, ""), (done, all) -> {});
        System.out.println("after verifying, " + held.holds() + ": " + engineLoaded());
        try (Ops ops = Ops.start(1, Optional.empty())) {
            System.out.println("after starting the engine with " + ops.linearKernel() + ": " + engineLoaded());
        }
    }

    private static boolean engineLoaded() throws IOException {
        return Files.readString(Path.of("/proc/self/maps")).contains("libtorch");
    }
}
