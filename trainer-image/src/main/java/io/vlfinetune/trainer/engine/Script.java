package io.vlfinetune.trainer.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript module of functions, written as an archive from Java, for operators with lists, strings and scalars.
 * Its method is called by reflection, since DJL's public {@code runMethod} switches autograd off.
 */
final class Script implements AutoCloseable {
    private final Object library;
    private final Method runMethod;
    private final Constructor<IValue> result;
    private final PtNDManager manager;
    private final PtSymbolBlock block;

    /** Needs the loaded engine. */
    Script(PtNDManager manager, String functions) {
        this.manager = manager;
        try {
            Class<?> type = Class.forName("ai.djl.pytorch.jni.PyTorchLibrary");
            Field instance = type.getDeclaredField("LIB");
            instance.setAccessible(true);
            library = instance.get(null);
            runMethod = type.getDeclaredMethod(
                    "moduleRunMethod", long.class, String.class, long[].class, boolean.class, boolean.class);
            runMethod.setAccessible(true);
            result = IValue.class.getDeclaredConstructor(long.class);
            result.setAccessible(true);
        } catch (ReflectiveOperationException problem) {
            throw new IllegalStateException("DJL 0.35.1 is needed, with its PyTorch engine", problem);
        }
        try {
            block = JniUtils.loadModule(manager, new ByteArrayInputStream(archive(functions)), false, false);
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    private static byte[] archive(String functions) throws IOException {
        String code = "class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n"
                + functions.indent(2);
        // Pickles of an object of class M whose attribute "training" is true, and of an empty tuple.
        String object = "\u0080\u0002c__torch__\nM\n)\u0081}(X\b\0\0\0training\u0088ub.";
        String constants = "\u0080\u0002).";
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            put(zip, "m/data.pkl", object.getBytes(StandardCharsets.ISO_8859_1));
            put(zip, "m/code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
            put(zip, "m/constants.pkl", constants.getBytes(StandardCharsets.ISO_8859_1));
            put(zip, "m/version", "10\n".getBytes(StandardCharsets.US_ASCII));
        }
        return bytes.toByteArray();
    }

    /** PyTorch reads entries in place: they must be stored, not compressed. */
    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 sum = new CRC32();
        sum.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCompressedSize(content.length);
        entry.setCrc(sum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    NDArray tensor(String function, Object... arguments) {
        try (IValue made = run(function, arguments)) {
            return made.toTensor(manager);
        }
    }

    NDArray[] tensors(String function, Object... arguments) {
        try (IValue made = run(function, arguments)) {
            if (made.isTensorList()) {
                return made.toTensorArray(manager);
            }
            IValue[] parts = made.toIValueArray();
            NDArray[] arrays = new NDArray[parts.length];
            for (int i = 0; i < parts.length; i++) {
                try (IValue part = parts[i]) {
                    arrays[i] = part.toTensor(manager);
                }
            }
            return arrays;
        }
    }

    IValue run(String function, Object... arguments) {
        IValue[] values = Arrays.stream(arguments).map(Script::value).toArray(IValue[]::new);
        long[] handles = Arrays.stream(values).mapToLong(IValue::getHandle).toArray();
        try {
            return result.newInstance(
                    (long) runMethod.invoke(library, block.getHandle(), function, handles, true, false));
        } catch (InvocationTargetException problem) {
            throw new IllegalStateException(
                    function + ": " + problem.getTargetException().getMessage(), problem.getTargetException());
        } catch (ReflectiveOperationException problem) {
            throw new IllegalStateException(function, problem);
        } finally {
            for (IValue value : values) {
                value.close();
            }
        }
    }

    private static IValue value(Object argument) {
        return switch (argument) {
            case NDArray array -> IValue.from((PtNDArray) array);
            case NDArray[] arrays -> IValue.listFrom(Arrays.copyOf(arrays, arrays.length, PtNDArray[].class));
            case Double number -> IValue.from(number);
            case Long number -> IValue.from(number);
            case Boolean flag -> IValue.from(flag);
            case String text -> IValue.from(text);
            default -> throw new IllegalArgumentException(argument.getClass().getName());
        };
    }

    @Override
    public void close() {
        block.close();
    }
}
