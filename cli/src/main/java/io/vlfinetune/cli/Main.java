package io.vlfinetune.cli;

/** Entry of {@code vlft}. */
public final class Main {
    private Main() {}

    /** Runs one command and exits with its code. */
    public static void main(String[] arguments) {
        // Before any logger exists; commands with a work folder choose the file instead.
        Logging.toTerminal();
        int code = Vlft.execute(Surroundings.ofThisProcess(), arguments);
        System.out.flush();
        System.exit(code);
    }
}
