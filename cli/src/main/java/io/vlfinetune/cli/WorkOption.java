package io.vlfinetune.cli;

import io.vlfinetune.cli.embedded.WorkFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --work DIR}, the same for every command that runs something. */
final class WorkOption {
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

    @Option(
            names = "--work",
            paramLabel = "DIR",
            description = {
                "Folder for checkpoints, metrics.jsonl, logs and outputs (claims/CLAIM is what pvc://CLAIM means).",
                "Default: a new one for each call, printed. Give the one of a stopped call to go on from its checkpoints."
            })
    @Nullable
    Path folder;

    /** Takes the folder and says which it is. */
    WorkFolder open(Surroundings surroundings) throws IOException {
        Path chosen =
                folder == null ? fresh(surroundings) : surroundings.folder().resolve(folder);
        WorkFolder work = WorkFolder.open(chosen);
        Logging.toFile(work.path().resolve("vlft.log"));
        surroundings.err().println("work folder: " + work.path());
        return work;
    }

    private static Path fresh(Surroundings surroundings) {
        String stamp = STAMP.format(surroundings.clock().instant().atZone(ZoneId.systemDefault()));
        Path parent = surroundings.folder().resolve("vlft-work");
        Path fresh = parent.resolve(stamp);
        for (int number = 2; Files.exists(fresh); number++) {
            fresh = parent.resolve(stamp + "-" + number);
        }
        return fresh;
    }
}
