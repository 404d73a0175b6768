package io.vlfinetune.trainer.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.LibUtils;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Calls operators of libtorch by name on DJL's tensors, through its stable C interface
 * (torch/csrc/inductor/aoti_torch/c/shim.h). Arguments are tensors, integers, booleans, doubles and optionals of them;
 * version 2.7.1 refuses strings, lists and scalars, which go through {@link Script}.
 */
final class Aten {
    /** Before the words of libtorch. */
    private static final String FAILED = "Exception in aoti_torch: ";

    private final Linker linker = Linker.nativeLinker();
    private final Arena arena = Arena.ofAuto();
    private final SymbolLookup torch;
    private final MethodHandle call;
    private final MethodHandle duplicate;
    private final MethodHandle dataPointer;
    private final MethodHandle dtype;
    private final MethodHandle strides;
    private final MethodHandle fromBlob;
    private final MethodHandle malloc;
    private final Map<String, Name> names = new ConcurrentHashMap<>();
    private final PtNDManager manager;

    private record Name(MemorySegment base, MemorySegment overload) {}

    /** A value for a parameter whose schema type ends in a question mark; a missing one is null. */
    record Given(Object value) {}

    /** Needs the loaded engine. */
    Aten(PtNDManager manager) {
        this.manager = manager;
        torch = SymbolLookup.libraryLookup(
                Path.of(LibUtils.getLibtorchPath()).resolve("libtorch_cpu.so"), Arena.global());
        call = function("aoti_torch_call_dispatcher", ADDRESS, ADDRESS, ADDRESS);
        duplicate = function("aoti_torch_new_tensor_handle", JAVA_LONG, ADDRESS);
        dataPointer = function("aoti_torch_get_data_ptr", JAVA_LONG, ADDRESS);
        dtype = function("aoti_torch_get_dtype", JAVA_LONG, ADDRESS);
        strides = function("aoti_torch_get_strides", JAVA_LONG, ADDRESS);
        fromBlob = function(
                "aoti_torch_create_tensor_from_blob",
                ADDRESS,
                JAVA_LONG,
                ADDRESS,
                ADDRESS,
                JAVA_LONG,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                ADDRESS);
        malloc = linker.downcallHandle(
                linker.defaultLookup().find("malloc").orElseThrow(), FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
    }

    private MethodHandle function(String name, MemoryLayout... arguments) {
        return linker.downcallHandle(
                torch.find(name).orElseThrow(() -> new UnsatisfiedLinkError(name)),
                FunctionDescriptor.of(JAVA_INT, arguments));
    }

    /** The one tensor the operator returns. */
    NDArray call(String operator, @Nullable Object... arguments) {
        try {
            NDArray made = tried(operator, arguments);
            if (made == null) {
                throw new IllegalStateException(
                        operator + " failed on " + describe(arguments) + words(operator, arguments));
            }
            return made;
        } catch (Throwable problem) {
            throw unchecked(problem);
        }
    }

    /** What the operator returns; null if it fails. */
    private @Nullable NDArray tried(String operator, @Nullable Object... arguments) throws Throwable {
        try (Arena scratch = Arena.ofConfined()) {
            Name name = names.computeIfAbsent(operator, this::name);
            MemorySegment stack = scratch.allocate(JAVA_LONG, Math.max(1, arguments.length));
            MemorySegment cell = scratch.allocate(JAVA_LONG);
            for (int i = 0; i < arguments.length; i++) {
                stack.setAtIndex(JAVA_LONG, i, slot(arguments[i], cell));
            }
            boolean done = (int) call.invokeExact(name.base, name.overload, stack) == 0;
            return done ? new PtNDArray(manager, stack.get(JAVA_LONG, 0)) : null;
        }
    }

    /**
     * Why an operator fails: the interface returns a number only and writes the words to standard error, so it is called
     * once more to read them there. No operator called here changes its arguments.
     */
    private String words(String operator, @Nullable Object... arguments) throws Throwable {
        String written = StandardError.during(() -> {
            NDArray made = tried(operator, arguments);
            if (made != null) {
                made.close();
            }
        });
        // Behind the words stand the frames of C++.
        return written.lines()
                .filter(line -> line.contains(FAILED))
                .findFirst()
                .map(line -> ": "
                        + line.substring(line.indexOf(FAILED) + FAILED.length()).strip())
                .orElse("");
    }

    private Name name(String operator) {
        int dot = operator.indexOf('.');
        String base = dot < 0 ? operator : operator.substring(0, dot);
        String overload = dot < 0 ? "" : operator.substring(dot + 1);
        return new Name(arena.allocateFrom(base), arena.allocateFrom(overload));
    }

    /** The operator takes over what a slot points to: tensors are duplicated handles, optionals lie on the C heap. */
    private long slot(@Nullable Object argument, MemorySegment cell) throws Throwable {
        return switch (argument) {
            case null -> 0L;
            case NDArray array -> {
                check((int) duplicate.invokeExact(handle(array), cell), "new_tensor_handle");
                yield cell.get(JAVA_LONG, 0);
            }
            case Long value -> value;
            case Integer value -> (long) value;
            case Boolean value -> value ? 1L : 0L;
            case Double value -> Double.doubleToRawLongBits(value);
            case Given given -> {
                long value = slot(given.value, cell);
                long pointer = (long) malloc.invokeExact(8L);
                MemorySegment.ofAddress(pointer).reinterpret(8).set(JAVA_LONG, 0, value);
                yield pointer;
            }
            default -> throw new IllegalArgumentException(argument.getClass().getName());
        };
    }

    private static String describe(@Nullable Object... arguments) {
        return Arrays.stream(arguments)
                .map(argument -> argument instanceof Given given ? given.value : argument)
                .map(argument -> argument instanceof NDArray array
                        ? Arrays.toString(array.getShape().getShape())
                        : String.valueOf(argument))
                .collect(Collectors.joining(", "));
    }

    private static long handle(NDArray array) {
        return ((PtNDArray) array).getHandle();
    }

    /** The tensor's memory; valid as long as the tensor lives. Refuses a tensor whose elements do not lie in order. */
    MemorySegment memory(NDArray array) {
        requireContiguous(array);
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment out = scratch.allocate(JAVA_LONG);
            check((int) dataPointer.invokeExact(handle(array), out), "get_data_ptr");
            return MemorySegment.ofAddress(out.get(JAVA_LONG, 0))
                    .reinterpret(array.getShape().size() * dtype(array).bytes());
        } catch (Throwable problem) {
            throw unchecked(problem);
        }
    }

    private void requireContiguous(NDArray array) {
        long[] shape = array.getShape().getShape();
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment out = scratch.allocate(JAVA_LONG);
            check((int) strides.invokeExact(handle(array), out), "get_strides");
            MemorySegment found = MemorySegment.ofAddress(out.get(JAVA_LONG, 0)).reinterpret(8L * shape.length);
            long expected = 1;
            for (int i = shape.length - 1; i >= 0; i--) {
                if (shape[i] > 1 && found.getAtIndex(JAVA_LONG, i) != expected) {
                    throw new IllegalStateException("a view of shape " + array.getShape() + " has no memory in order");
                }
                expected *= shape[i];
            }
        } catch (Throwable problem) {
            throw unchecked(problem);
        }
    }

    DType dtype(NDArray array) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment out = scratch.allocate(JAVA_LONG);
            check((int) dtype.invokeExact(handle(array), out), "get_dtype");
            return DType.ofTorch(out.get(JAVA_INT, 0));
        } catch (Throwable problem) {
            throw unchecked(problem);
        }
    }

    /** A tensor over memory that the caller keeps alive. */
    NDArray over(MemorySegment memory, DType type, long... shape) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment sizes = scratch.allocate(JAVA_LONG, Math.max(1, shape.length));
            MemorySegment steps = scratch.allocate(JAVA_LONG, Math.max(1, shape.length));
            MemorySegment out = scratch.allocate(JAVA_LONG);
            long step = 1;
            for (int i = shape.length - 1; i >= 0; i--) {
                sizes.setAtIndex(JAVA_LONG, i, shape[i]);
                steps.setAtIndex(JAVA_LONG, i, step);
                step *= shape[i];
            }
            check(
                    (int) fromBlob.invokeExact(
                            memory, (long) shape.length, sizes, steps, 0L, type.torchCode(), 0, 0, out),
                    "create_tensor_from_blob");
            return new PtNDArray(manager, out.get(JAVA_LONG, 0));
        } catch (Throwable problem) {
            throw unchecked(problem);
        }
    }

    private static void check(int code, String what) {
        if (code != 0) {
            throw new IllegalStateException(what + " failed");
        }
    }

    private static RuntimeException unchecked(Throwable problem) {
        return switch (problem) {
            case RuntimeException known -> known;
            case Error fatal -> throw fatal;
            default -> new IllegalStateException(problem);
        };
    }
}
