package io.vlfinetune.trainer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A JVM of its own with this test's class path. */
record ChildJvm(Process process, Path output) implements AutoCloseable {
    private static final int SECONDS = 60;

    static ChildJvm start(Path output, Class<?> main, String... arguments) throws IOException {
        return start(output, command(main, arguments));
    }

    /** The same with another value of an environment variable. */
    static ChildJvm startWith(String variable, String value, Path output, Class<?> main, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(List.of("env", variable + "=" + value));
        command.addAll(command(main, arguments));
        return start(output, command);
    }

    /** The kernel refuses to let a file of this JVM grow beyond a size. */
    static ChildJvm startWithFilesUpTo(int kibibytes, Path output, Class<?> main, String... arguments)
            throws IOException {
        List<String> command =
                new ArrayList<>(List.of("bash", "-c", "ulimit -f " + kibibytes + " && exec \"$@\"", "limited"));
        command.addAll(command(main, arguments));
        return start(output, command);
    }

    /** It waits until a debugger, which listens at an address, lets it go on. */
    static ChildJvm startDebugged(String debugger, Path output, Class<?> main, String... arguments) throws IOException {
        List<String> command = command(main, arguments);
        command.add(1, "-agentlib:jdwp=transport=dt_socket,server=n,suspend=y,address=" + debugger);
        return start(output, command);
    }

    private static List<String> command(Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dai.djl.offline=true",
                "-Xmx512m",
                // Short lives: starting counts more than speed.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(Arrays.asList(arguments));
        return command;
    }

    private static ChildJvm start(Path output, List<String> command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        return new ChildJvm(process, output);
    }

    /** Waits for the exit code. */
    int exitCode() throws InterruptedException {
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("still running after " + SECONDS + " s: " + text());
        }
        return process.exitValue();
    }

    /** What it wrote. */
    String text() {
        try {
            return Files.readString(output);
        } catch (IOException problem) {
            return problem.toString();
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
