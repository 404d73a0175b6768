package io.vlfinetune.trainer.testing;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.util.stream.IntStream;

/** What the C library has handed out: tensors of the engine, with whatever their graphs hold on to. */
public final class NativeHeap {
    /** struct mallinfo2 of glibc's malloc.h. */
    private static final StructLayout LAYOUT = MemoryLayout.structLayout(
            IntStream.range(0, 10).mapToObj(i -> JAVA_LONG).toArray(MemoryLayout[]::new));

    private static final int MAPPED = 4;
    private static final int IN_USE = 7;

    private NativeHeap() {}

    /** Bytes in use now. */
    public static long bytes() {
        Linker linker = Linker.nativeLinker();
        MethodHandle info = linker.downcallHandle(
                linker.defaultLookup().find("mallinfo2").orElseThrow(), FunctionDescriptor.of(LAYOUT));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment found = (MemorySegment) info.invokeExact((SegmentAllocator) arena);
            return found.getAtIndex(JAVA_LONG, MAPPED) + found.getAtIndex(JAVA_LONG, IN_USE);
        } catch (Throwable problem) {
            throw new AssertionError(problem);
        }
    }
}
