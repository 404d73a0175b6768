package io.vlfinetune.trainer.engine;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * Which library multiplies Float32 matrices of linear layers. Both are right, but their last bits differ, so the
 * choice belongs to what a resumed run must repeat.
 */
public enum LinearKernel {
    /** {@code aten::linear}, which goes to MKL's sgemm. */
    MKL,
    /** A convolution with kernel 1, which goes to oneDNN: about twice as fast on AMD processors. */
    ONEDNN;

    /** The variable that names the kernel, so that a fleet of unlike or crowded machines gives the same bits. */
    public static final String VARIABLE = "VLFINETUNE_LINEAR_KERNEL";

    /** The kernel that the environment names; empty where it names none. */
    static Optional<LinearKernel> declared(Map<String, String> environment) {
        String name = environment.get(VARIABLE);
        return Arrays.stream(values())
                .filter(kernel -> kernel.name().equals(name))
                .findFirst();
    }
}
