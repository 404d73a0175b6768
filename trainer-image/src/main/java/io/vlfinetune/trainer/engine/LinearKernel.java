package io.vlfinetune.trainer.engine;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

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

    /**
     * The kernel that the environment names; empty where it names none.
     *
     * @throws TrainerException InvalidSpec, for a name that no kernel has
     */
    public static Optional<LinearKernel> declared(Map<String, String> environment) {
        String name = environment.getOrDefault(VARIABLE, "");
        if (name.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Arrays.stream(values())
                .filter(kernel -> kernel.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new TrainerException(
                        Reason.InvalidSpec,
                        VARIABLE + ": \"" + name + "\" is no kernel of linear layers; write "
                                + Arrays.stream(values())
                                        .map(LinearKernel::name)
                                        .collect(Collectors.joining(" or "))
                                + ", or leave it out: a measurement chooses then")));
    }
}
