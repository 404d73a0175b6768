package io.vlfinetune.cli;

import io.vlfinetune.cli.embedded.NodeResources;
import io.vlfinetune.cli.embedded.TrainerCommand;
import java.io.Console;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;

/**
 * All that a command touches outside of itself.
 *
 * @param out standard output: results, and nothing but JSON where JSON was asked for
 * @param err standard error: messages
 * @param terminal whether a person looks at the output, so that lines may be drawn again
 * @param colour whether words may be coloured
 * @param home folder of the product, where the examples are
 * @param folder current folder
 * @param trainer how trainers are started
 * @param machine what this machine offers
 * @param clock the time
 */
record Surroundings(
        PrintStream out,
        PrintStream err,
        boolean terminal,
        boolean colour,
        Path home,
        Path folder,
        TrainerCommand trainer,
        NodeResources machine,
        Clock clock) {
    /** This process. */
    static Surroundings ofThisProcess() {
        // Null where input or output is no terminal, depending on which console the JDK was built with.
        boolean terminal =
                Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
        String noColour = System.getenv().getOrDefault("NO_COLOR", "");
        Path folder = Path.of("").toAbsolutePath();
        return new Surroundings(
                System.out,
                System.err,
                terminal,
                terminal && noColour.isEmpty(),
                Path.of(System.getProperty("vlft.home", folder.toString())),
                folder,
                TrainerCommand.ofThisProcess(),
                NodeResources.ofThisMachine(),
                Clock.systemUTC());
    }
}
