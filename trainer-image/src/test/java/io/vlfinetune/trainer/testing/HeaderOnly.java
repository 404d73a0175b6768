package io.vlfinetune.trainer.testing;

import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.Families;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Files;
import java.nio.file.Path;

/** A JVM of its own that reads a model's blueprint and tells whether the engine was loaded. */
public final class HeaderOnly {
    private HeaderOnly() {}

    public static void main(String[] arguments) throws Exception {
        try (Checkpoint checkpoint = Checkpoint.open(Path.of(arguments[0]))) {
            Blueprint blueprint = Families.of(checkpoint.config()).blueprint(checkpoint);
            boolean mapped = Files.readString(Path.of("/proc/self/maps")).contains("libtorch");
            System.out.println(blueprint.roles().size() + " roles, "
                    + blueprint.chain().layers().size() + " layers, libtorch mapped: " + mapped);
        }
    }
}
