package io.vlfinetune.trainer.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** This process's standard error below Java, where native code writes what it tells nobody else. */
final class StandardError {
    private static final int STANDARD_ERROR = 2;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MEMORY_FILE = function("memfd_create", ADDRESS, JAVA_INT);
    private static final MethodHandle DUPLICATE = function("dup", JAVA_INT);
    private static final MethodHandle REPLACE = function("dup2", JAVA_INT, JAVA_INT);
    private static final MethodHandle CLOSE = function("close", JAVA_INT);

    private StandardError() {}

    /** A call of native code. */
    interface Work {
        void run() throws Throwable;
    }

    private static MethodHandle function(String name, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().find(name).orElseThrow(), FunctionDescriptor.of(JAVA_INT, arguments));
    }

    /** What is written during some work, by any thread; none of it reaches standard error. Nothing if it cannot be had. */
    static synchronized String during(Work work) throws Throwable {
        int file = memoryFile();
        int kept = (int) DUPLICATE.invokeExact(STANDARD_ERROR);
        try {
            if (file < 0 || kept < 0 || (int) REPLACE.invokeExact(file, STANDARD_ERROR) < 0) {
                return "";
            }
            try {
                work.run();
            } finally {
                int back = (int) REPLACE.invokeExact(kept, STANDARD_ERROR);
                assert back == STANDARD_ERROR;
            }
            return new String(Files.readAllBytes(Path.of("/proc/self/fd/" + file)), StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            return "";
        } finally {
            close(file);
            close(kept);
        }
    }

    private static int memoryFile() throws Throwable {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment name = scratch.allocateFrom("standard-error");
            return (int) MEMORY_FILE.invokeExact(name, 0);
        }
    }

    private static void close(int descriptor) throws Throwable {
        if (descriptor >= 0) {
            int closed = (int) CLOSE.invokeExact(descriptor);
            assert closed == 0;
        }
    }
}
