package io.vlfinetune.cli.embedded;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;

/** A node of two cores with the stand-in trainer. */
public final class Standing {
    private Standing() {}

    /** The stand-in on the class path of the tests. */
    public static TrainerCommand trainer() {
        TrainerCommand command = TrainerCommand.ofThisProcess();
        return new TrainerCommand(
                command.java(), System.getProperty("java.class.path"), StandInTrainer.class.getName(), Map.of());
    }

    /** Parts with a machine of two cores and 4 GiB, no GPU, and no memory shortage. */
    public static LocalNode.Parts parts(WorkFolder work, List<String> notices) {
        return new LocalNode.Parts(
                work,
                trainer(),
                new NodeResources(2, 4L << 30, 0),
                () -> 0,
                Clock.systemUTC(),
                new Random(1),
                notices::add);
    }

    static WorkFolder work(Path folder) throws IOException {
        return WorkFolder.open(folder);
    }

    static List<String> notices() {
        return new CopyOnWriteArrayList<>();
    }
}
