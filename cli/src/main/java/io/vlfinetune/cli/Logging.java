package io.vlfinetune.cli;

import java.nio.file.Path;

/** Where the log goes. Log4j reads these properties when the first logger is made, so they come before anything else. */
final class Logging {
    private static final String CONFIGURATION = "log4j2.configurationFile";

    private Logging() {}

    static void toTerminal() {
        System.setProperty(CONFIGURATION, "vlft-log4j2-terminal.xml");
    }

    static void toFile(Path file) {
        System.setProperty("vlft.log", file.toString());
        System.setProperty(CONFIGURATION, "vlft-log4j2-file.xml");
    }
}
