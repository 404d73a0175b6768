package io.vlfinetune.trainer;

import io.vlfinetune.trainer.report.RunLog;
import io.vlfinetune.trainer.training.StopSignal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;

/** Carries a run out in a process of its own and tells whether the engine's library was loaded. */
final class PlanOnlyProbe {
    private PlanOnlyProbe() {}

    public static void main(String[] arguments) throws IOException {
        RunOptions options = RunOptions.parse(arguments, Map.of()).orElseThrow();
        int code = Main.run(options, new StopSignal(), Clock.systemUTC(), new RunLog(System.err, Clock.systemUTC()));
        boolean loaded = Files.readString(Path.of("/proc/self/maps")).contains("libtorch");
        System.out.println("exit " + code + ", engine loaded: " + loaded);
    }
}
