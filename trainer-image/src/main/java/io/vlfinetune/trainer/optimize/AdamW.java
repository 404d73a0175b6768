package io.vlfinetune.trainer.optimize;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.AdamWArrays;
import io.vlfinetune.trainer.engine.AdamWNumbers;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * Fused AdamW over trainable tensors (Loshchilov and Hutter, arXiv:1711.05101; torch.optim.AdamW), with clipping by the
 * global norm in the same pass. Tensors are always taken in one order, so that the norm's last bit does not depend on
 * the order in which gradients were made. Owns its state.
 */
public final class AdamW implements AutoCloseable {
    /** Keeps clipping finite, as torch.nn.utils.clip_grad_norm_ does. */
    private static final double NORM_EPSILON = 1e-6;

    private static final String MEAN = ".exp_avg";
    private static final String SQUARE = ".exp_avg_sq";
    private static final String STEP = ".step";

    private record State(NDArray mean, NDArray square, NDArray step) {
        void close() {
            mean.close();
            square.close();
            step.close();
        }
    }

    private final Ops ops;
    private final Weights weights;
    private final AdamWSettings settings;
    private final Map<String, State> states = new LinkedHashMap<>();

    /** Fresh state for these trainable tensors. */
    public AdamW(Weights weights, Collection<String> tensors, AdamWSettings settings) {
        this.ops = weights.ops();
        this.weights = weights;
        this.settings = settings;
        train(tensors);
    }

    /**
     * Changes which tensors are moved: those that stay keep their state, new ones begin with a fresh one, and the others
     * give theirs up.
     */
    public void train(Collection<String> tensors) {
        Map<String, State> before = new LinkedHashMap<>(states);
        states.clear();
        for (String tensor : tensors) {
            if (!weights.trainable().contains(tensor)) {
                throw new IllegalArgumentException("tensor " + tensor + " is frozen");
            }
            State kept = before.remove(tensor);
            states.put(tensor, kept != null ? kept : fresh(weights.master(tensor)));
        }
        before.values().forEach(State::close);
    }

    private State fresh(NDArray master) {
        return new State(ops.zerosLike(master), ops.zerosLike(master), ops.of(0f));
    }

    /**
     * One update of every tensor that has a gradient; tensors without one neither move nor decay.
     *
     * @param gradients by tensor, for this step's loss
     * @param rates learning rate and decay of a tensor in this step
     * @return norms of the gradients before clipping; if the total is not finite, nothing was updated
     */
    public GradientNorms step(Map<String, NDArray> gradients, Function<String, Rate> rates) {
        List<String> names =
                states.keySet().stream().filter(gradients::containsKey).toList();
        if (names.size() != gradients.size()) {
            throw new IllegalArgumentException("gradients of tensors without a state among " + gradients.keySet());
        }
        if (names.isEmpty()) {
            return GradientNorms.NONE;
        }
        return ops.withGradients(false, () -> {
            GradientNorms norms = GradientNorms.of(ops, names, gradients);
            if (Double.isFinite(norms.total())) {
                double divisor = Math.max(1, (norms.total() + NORM_EPSILON) / settings.maxGradientNorm());
                groups(names, rates).forEach((rate, group) -> update(group, gradients, rate, divisor));
            }
            return norms;
        });
    }

    private static Map<Rate, List<String>> groups(List<String> names, Function<String, Rate> rates) {
        Map<Rate, List<String>> groups = new LinkedHashMap<>();
        names.forEach(name -> groups.computeIfAbsent(rates.apply(name), rate -> new ArrayList<>())
                .add(name));
        return groups;
    }

    private void update(List<String> names, Map<String, NDArray> gradients, Rate rate, double divisor) {
        AdamWArrays arrays = new AdamWArrays(
                arrays(names, weights::master),
                arrays(names, gradients::get),
                arrays(names, name -> state(name).mean),
                arrays(names, name -> state(name).square),
                arrays(names, name -> state(name).step));
        AdamWNumbers numbers = new AdamWNumbers(
                rate.learningRate(), settings.beta1(), settings.beta2(), rate.weightDecay(), settings.epsilon());
        ops.adamW(arrays, numbers, divisor);
    }

    private static NDArray[] arrays(List<String> names, Function<String, NDArray> array) {
        return names.stream().map(array).toArray(NDArray[]::new);
    }

    private State state(String tensor) {
        return Objects.requireNonNull(states.get(tensor), tensor);
    }

    /** Every array of the state under a key of its own, Float32; valid until the next step. */
    public Map<String, NDArray> state() {
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        states.forEach((tensor, state) -> {
            arrays.put(tensor + MEAN, state.mean);
            arrays.put(tensor + SQUARE, state.square);
            arrays.put(tensor + STEP, state.step);
        });
        return arrays;
    }

    /**
     * Sets the state back to what {@link #state} gave, bit for bit.
     *
     * @param stored the bytes of every key
     * @throws IllegalArgumentException if a key is missing, unknown, or of another size
     */
    public void restore(Map<String, MemorySegment> stored) {
        Map<String, NDArray> arrays = state();
        if (!arrays.keySet().equals(stored.keySet())) {
            throw new IllegalArgumentException("stored state of other tensors: " + stored.keySet());
        }
        arrays.forEach((key, array) -> {
            MemorySegment target = ops.memory(array);
            MemorySegment source = Objects.requireNonNull(stored.get(key));
            if (target.byteSize() != source.byteSize()) {
                throw new IllegalArgumentException(
                        key + ": " + source.byteSize() + " bytes stored, " + target.byteSize() + " needed");
            }
            target.copyFrom(source);
        });
    }

    /** Frees the state. */
    @Override
    public void close() {
        state().values().forEach(NDArray::close);
    }
}
