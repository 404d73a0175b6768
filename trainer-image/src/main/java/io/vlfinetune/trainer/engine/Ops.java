package io.vlfinetune.trainer.engine;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Every operator the models and the trainer use. Nobody else knows whether one goes to DJL, to libtorch's dispatcher or
 * to TorchScript. No operator takes a number of an {@link NDArray}'s own arithmetic: on CPU such a number lies on a
 * buffer that is gone before the backward pass reads it, and gradients are silently wrong (DJL 0.35.1).
 *
 * <p>Arrays belong to whoever made them and must be closed, by hand or by {@link #scoped}.
 */
public final class Ops implements AutoCloseable {
    private static final long NO_TARGET = -100;

    /** c10::MemoryFormat::Contiguous. */
    private static final long CONTIGUOUS = 0;

    private final PtNDManager manager;
    private final Aten aten;
    private final Script script;
    private final LinearKernel kernel;

    private Ops(PtNDManager manager, Aten aten, Script script, LinearKernel kernel) {
        this.manager = manager;
        this.aten = aten;
        this.script = script;
        this.kernel = kernel;
    }

    /**
     * Loads the engine.
     *
     * @param threads how many threads one operator may use, at least 1
     * @param kernel the linear kernel a resumed run must repeat; if empty, the one that the environment names, or else
     *     the faster one by a short measurement
     * @throws io.vlfinetune.trainer.TrainerException InvalidSpec, if the environment names one that there is not
     */
    public static Ops start(int threads, Optional<LinearKernel> kernel) {
        Optional<LinearKernel> declared = LinearKernel.declared(System.getenv());
        // DJL otherwise downloads native libraries it misses and reports its start to its makers.
        System.setProperty("ai.djl.offline", "true");
        PtNDManager manager = (PtNDManager) Engine.getEngine("PyTorch").newBaseManager();
        // Only after loading: the engine's own start sets it back.
        JniUtils.setNumThreads(threads);
        // Its optimizer specialises functions for shapes, which change with every batch.
        JniUtils.setGraphExecutorOptimize(false);
        JniUtils.setGradMode(false);
        Aten aten = new Aten(manager);
        Script script = new Script(manager, ScriptFunctions.SOURCE);
        LinearKernel chosen = kernel.or(() -> declared)
                .orElseGet(() -> KernelMeasurement.faster(one -> new Ops(manager, aten, script, one)));
        return new Ops(manager, aten, script, chosen);
    }

    /** The kernel of Float32 linear layers. */
    public LinearKernel linearKernel() {
        return kernel;
    }

    /** How many arrays are alive: for tests against leaks. */
    public int liveArrays() {
        return manager.getManagedArrays().size();
    }

    /** Frees every array that is still alive. */
    @Override
    public void close() {
        script.close();
        manager.close();
    }

    // Scopes and gradients

    /** Runs the work and frees every array made in it but its result. */
    public NDArray scoped(Supplier<NDArray> work) {
        return scoped(work, List::of);
    }

    /** Runs the work and frees every array made in it but those of its result. */
    public <T> T scoped(Supplier<T> work, Function<T, List<NDArray>> arrays) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            T made = work.get();
            arrays.apply(made).forEach(NDScope::unregister);
            return made;
        }
    }

    /** Takes an array out of the scope it was made in: its owner closes it. */
    public NDArray kept(NDArray array) {
        NDScope.unregister(array);
        return array;
    }

    /**
     * Runs the work with gradients on or off on this thread and sets back what was before. Every thread has its own
     * mode, and PyTorch starts a new thread with gradients on.
     */
    public <T> T withGradients(boolean on, Supplier<T> work) {
        boolean before = JniUtils.isGradMode();
        JniUtils.setGradMode(on);
        try {
            return work.get();
        } finally {
            JniUtils.setGradMode(before);
        }
    }

    /** The same memory without a graph, as an array of its own. */
    public NDArray detached(NDArray x) {
        return aten.call("aten::detach", x);
    }

    /** The same memory with the same graph, as an array of its own. */
    public NDArray alias(NDArray x) {
        return aten.call("aten::alias", x);
    }

    /** The same memory without a graph, as the beginning of a new one. */
    public NDArray leaf(NDArray x) {
        NDArray made = detached(x);
        made.setRequiresGradient(true);
        return made;
    }

    /**
     * Gradients of the outputs with regard to the inputs, given the gradients of something with regard to the outputs.
     * The graph is freed. Outputs without a graph do not count.
     *
     * @return an array for each input; null for one that no output depends on
     */
    public @Nullable NDArray[] gradients(NDArray[] outputs, NDArray[] seeds, NDArray[] inputs) {
        @Nullable NDArray[] made = script.tensors("gradients", outputs, inputs, seeds);
        for (int i = 0; i < made.length; i++) {
            NDArray one = made[i];
            // A list of optional tensors does not reach Java, so an empty one stands for none.
            if (one != null && one.getShape().size() == 0) {
                one.close();
                made[i] = null;
            }
        }
        return made;
    }

    /** Whether the array is a beginning of a graph. */
    public boolean isLeaf(NDArray x) {
        return JniUtils.requiresGrad(array(x));
    }

    // Layers

    /** {@code x · weightᵀ + bias}; x [..., in], weight [out, in], bias [out]. */
    public NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        // A convolution over nothing is refused.
        if (kernel == LinearKernel.ONEDNN
                && aten.dtype(x) == DType.F32
                && x.getShape().size() > 0) {
            return bias == null ? script.tensor("product_only", x, weight) : script.tensor("product", x, weight, bias);
        }
        return aten.call("aten::linear", x, weight, given(bias));
    }

    /** Means of squares of so many pixels on each side, side by side; x [n, channels, height, width]. */
    public NDArray averagePool(NDArray x, long side) {
        return script.tensor("average_pool", x, side);
    }

    /**
     * Gradients of a linear layer; an array that was not asked for is null.
     *
     * @param input [..., in]
     * @param weight [out, in]
     * @param bias [out]
     */
    public record LinearGradients(
            @Nullable NDArray input,
            @Nullable NDArray weight,
            @Nullable NDArray bias) {
        /** Those that were asked for. */
        public List<NDArray> arrays() {
            return Stream.of(input, weight, bias).filter(Objects::nonNull).toList();
        }
    }

    /**
     * Gradients of {@link #linear} by its kernel, given the one with regard to its output.
     *
     * @param gradient [..., out]
     * @param x the input [..., in]
     * @param weight [out, in]
     */
    public LinearGradients linearGradients(
            NDArray gradient, NDArray x, NDArray weight, boolean ofInput, boolean ofWeight, boolean ofBias) {
        boolean product = kernel == LinearKernel.ONEDNN && aten.dtype(x) == DType.F32;
        Iterator<NDArray> made = Arrays.asList(script.tensors(
                        product ? "product_gradients" : "linear_gradients",
                        gradient,
                        x,
                        weight,
                        ofInput,
                        ofWeight,
                        ofBias))
                .iterator();
        return new LinearGradients(
                ofInput ? made.next() : null, ofWeight ? made.next() : null, ofBias ? made.next() : null);
    }

    /** Rows of the table [vocabulary, hidden] at the ids [batch, length]. */
    public NDArray embedding(NDArray table, NDArray ids) {
        return aten.call("aten::embedding", table, ids, -1L, false, false);
    }

    /** A convolution without padding and bias; x [n, channels, height, width]. */
    public NDArray convolution(NDArray x, NDArray weight, long stride) {
        return convolution(x, weight, null, stride);
    }

    /** A convolution without padding; x [n, channels, height, width], bias [channels made]. */
    public NDArray convolution(NDArray x, NDArray weight, @Nullable NDArray bias, long stride) {
        Shape strides = new Shape(stride, stride);
        PtNDArray added = bias == null ? null : array(bias);
        return JniUtils.convolution(array(x), array(weight), added, strides, new Shape(0, 0), new Shape(1, 1), 1);
    }

    /** Root mean square norm over the last axis, in Float32 inside. */
    public NDArray rmsNorm(NDArray x, NDArray weight, double epsilon) {
        return script.tensor("rms_norm", x, weight, epsilon);
    }

    /** Root mean square norm over the last axis with {@code 1 + weight} as its scale, in Float32 inside (Gemma). */
    public NDArray rmsNormOnePlus(NDArray x, NDArray weight, double epsilon) {
        return script.tensor("rms_norm_one_plus", x, weight, epsilon);
    }

    /** Layer norm over the last axis. */
    public NDArray layerNorm(NDArray x, NDArray weight, NDArray bias, double epsilon) {
        Shape last = new Shape(x.getShape().get(x.getShape().dimension() - 1));
        return JniUtils.layerNorm(array(x), last, array(weight), array(bias), epsilon);
    }

    /** {@link #attention(NDArray, NDArray, NDArray, Looks, double)} with scores divided by the root of a head's size. */
    public NDArray attention(NDArray query, NDArray key, NDArray value, Looks looks) {
        return attention(
                query,
                key,
                value,
                looks,
                1 / Math.sqrt((double) query.getShape().get(3)));
    }

    /**
     * Scaled dot product attention; arrays [batch, heads, length, size]. Keys and values may have fewer heads, each for
     * as many heads of queries behind each other. How it is computed, see {@link AttentionKernel}.
     *
     * @param scale what scores are multiplied by
     */
    public NDArray attention(NDArray query, NDArray key, NDArray value, Looks looks, double scale) {
        Shape shape = query.getShape();
        return switch (AttentionKernel.of(aten.dtype(query), shape.get(2), shape.get(3))) {
            case FLASH -> flash(query, key, value, looks, scale);
            case PRODUCTS ->
                switch (looks) {
                    case Looks.All() -> script.tensor("attention_all", query, key, value, scale);
                    case Looks.Back() -> script.tensor("attention_causal", query, key, value, scale);
                    case Looks.Masked(NDArray mask) ->
                        script.tensor("attention_masked", query, key, value, mask, scale);
                };
        };
    }

    private NDArray flash(NDArray query, NDArray key, NDArray value, Looks looks, double scale) {
        long times = query.getShape().get(1) / key.getShape().get(1);
        return aten.call(
                "aten::scaled_dot_product_attention",
                query,
                repeat(key, times, 1),
                repeat(value, times, 1),
                looks instanceof Looks.Masked(NDArray mask) ? given(mask) : null,
                0.0,
                looks instanceof Looks.Back,
                given(scale),
                false);
    }

    /** Rotary positions of x [batch, heads, length, size]; cosines and sines [length, size]. */
    public NDArray rotate(NDArray x, NDArray cosines, NDArray sines) {
        return script.tensor("rotate", x, cosines, sines);
    }

    /** {@code x · sigmoid(x)}. */
    public NDArray silu(NDArray x) {
        return aten.call("aten::silu", x);
    }

    /** {@code x · Φ(x)}, exactly. */
    public NDArray gelu(NDArray x) {
        return script.tensor("gelu", x, "none");
    }

    /** GELU in its approximation by tanh. */
    public NDArray geluTanh(NDArray x) {
        return script.tensor("gelu", x, "tanh");
    }

    /** {@code x · sigmoid(1.702 x)}. */
    public NDArray quickGelu(NDArray x) {
        return script.tensor("quick_gelu", x);
    }

    /** Cross entropy of each row of logits [n, vocabulary] with its target [n]; [n]. */
    public NDArray crossEntropy(NDArray logits, NDArray targets) {
        return aten.call("aten::cross_entropy_loss", logits, targets, null, 0L, NO_TARGET, 0.0);
    }

    /** The sum of the cross entropies of logits [n, vocabulary] with targets [n]; a scalar. */
    public NDArray crossEntropySum(NDArray logits, NDArray targets) {
        return aten.call("aten::cross_entropy_loss", logits, targets, null, 2L, NO_TARGET, 0.0);
    }

    // Arithmetic and shapes

    /** Sum, with broadcasting. */
    public NDArray add(NDArray a, NDArray b) {
        return JniUtils.add(array(a), array(b));
    }

    /** Product element by element, with broadcasting. */
    public NDArray multiply(NDArray a, NDArray b) {
        return JniUtils.mul(array(a), array(b));
    }

    /** Adds to the target in place. */
    public void addTo(NDArray target, NDArray more) {
        JniUtils.addi(array(target), array(more));
    }

    /** Both arrays behind each other along an axis. */
    public NDArray concatenate(NDArray a, NDArray b, int axis) {
        return JniUtils.cat(new PtNDArray[] {array(a), array(b)}, axis);
    }

    /** All arrays behind each other along an axis; the array itself if there is one. */
    public NDArray concatenate(List<NDArray> arrays, int axis) {
        return arrays.size() == 1
                ? arrays.getFirst()
                : JniUtils.cat(arrays.stream().map(Ops::array).toArray(PtNDArray[]::new), axis);
    }

    /** Another shape of the same elements; -1 for the axis that takes the rest. */
    public NDArray reshape(NDArray x, long... shape) {
        return JniUtils.reshape(array(x), shape);
    }

    /** Two axes exchanged. */
    public NDArray transpose(NDArray x, int a, int b) {
        return JniUtils.transpose(array(x), a, b);
    }

    /** Each slice along the axis so many times. */
    public NDArray repeat(NDArray x, long times, long axis) {
        return times == 1 ? x : aten.call("aten::repeat_interleave.self_int", x, times, given(axis), null);
    }

    /** The shape to which axes of length 1 are stretched, without a copy. */
    public NDArray expand(NDArray x, long... shape) {
        return JniUtils.broadcast(array(x), new Shape(shape));
    }

    /** A stretch of an axis, without a copy. */
    public NDArray narrow(NDArray x, long axis, long start, long length) {
        return aten.call("aten::narrow", x, axis, start, length);
    }

    /** The given slices of an axis. */
    public NDArray select(NDArray x, long axis, NDArray places) {
        return aten.call("aten::index_select", x, axis, places);
    }

    /** A copy of x with the given rows replaced by the source's. */
    public NDArray replaceRows(NDArray x, NDArray rows, NDArray source) {
        return aten.call("aten::index_copy", x, 0L, rows, source);
    }

    /** The place of the largest value along the last axis, the first of equal ones. */
    public NDArray argmax(NDArray x) {
        return aten.call("aten::argmax", x, given(-1L), false);
    }

    /** The array in that type; the array itself if it already has it. */
    public NDArray cast(NDArray x, DType type) {
        return aten.dtype(x) == type ? x : aten.call("aten::to.dtype", x, (long) type.torchCode(), false, false, null);
    }

    /** The same values in memory of their own. */
    public NDArray copyOf(NDArray x) {
        return aten.call("aten::clone", x, null);
    }

    /** The array with its elements in order in memory; the array itself if they are. */
    public NDArray inOrder(NDArray x) {
        return aten.call("aten::contiguous", x, CONTIGUOUS);
    }

    /** Zeros of the array's shape and type. */
    public NDArray zerosLike(NDArray x) {
        return aten.call("aten::zeros_like", x, null, null, null, null, null);
    }

    // The optimizer

    /** The Euclidean norm over all elements of all arrays, added up in the order given. */
    public double norm(NDArray... arrays) {
        double square = 0;
        for (float norm : norms(arrays)) {
            square += (double) norm * norm;
        }
        return Math.sqrt(square);
    }

    /** The Euclidean norm of each array, Float32; not finite where an element is not. */
    public float[] norms(NDArray... arrays) {
        try (NDArray norms = script.tensor("norms", (Object) arrays)) {
            return norms.toFloatArray();
        }
    }

    /**
     * One fused AdamW update in place, with gradients divided by {@code divisor} on the way.
     *
     * @param arrays the tensors of one group and their state, in one order
     */
    public void adamW(AdamWArrays arrays, AdamWNumbers numbers, double divisor) {
        try (NDArray scale = of((float) divisor)) {
            script.run(
                            "adamw",
                            arrays.tensors(),
                            arrays.gradients(),
                            arrays.means(),
                            arrays.squares(),
                            arrays.steps(),
                            numbers.learningRate(),
                            numbers.beta1(),
                            numbers.beta2(),
                            numbers.weightDecay(),
                            numbers.epsilon(),
                            scale)
                    .close();
        }
    }

    // Memory

    /** The type of an array's elements. */
    public DType dtype(NDArray x) {
        return aten.dtype(x);
    }

    /** A scalar. */
    public NDArray of(float value) {
        NDArray made = manager.create(new Shape(), DataType.FLOAT32);
        aten.memory(made).set(ValueLayout.JAVA_FLOAT, 0, value);
        return made;
    }

    /** A Float32 array. */
    public NDArray of(float[] values, long... shape) {
        return copy(MemorySegment.ofArray(values), DType.F32, shape);
    }

    /** An array of eight-byte integers. */
    public NDArray of(long[] values, long... shape) {
        return copy(MemorySegment.ofArray(values), DType.I64, shape);
    }

    /** An array of its own with these bytes; F32 or I64, the types DJL can make. */
    public NDArray copy(MemorySegment bytes, DType type, long... shape) {
        NDArray made = empty(type, shape);
        aten.memory(made).copyFrom(bytes);
        return made;
    }

    /** An array of its own whose memory holds anything; F32, I64 or BF16. */
    public NDArray empty(DType type, long... shape) {
        if (type == DType.BF16) {
            long count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
            // DJL makes none: half as many Float32 elements, seen as what they are not.
            return scoped(() -> {
                NDArray pairs = empty(DType.F32, Math.ceilDiv(count, 2));
                NDArray halves = aten.call("aten::view.dtype", pairs, (long) DType.BF16.torchCode());
                return reshape(narrow(halves, 0, 0, count), shape);
            });
        }
        if (type != DType.F32 && type != DType.I64) {
            throw new IllegalArgumentException("DJL makes no arrays of " + type);
        }
        return manager.create(new Shape(shape), type == DType.F32 ? DataType.FLOAT32 : DataType.INT64);
    }

    /** An array over memory that the caller keeps alive and that nobody may write. */
    public NDArray over(MemorySegment memory, DType type, long... shape) {
        return aten.over(memory, type, shape);
    }

    /** The array's memory, as long as the array lives. */
    public MemorySegment memory(NDArray x) {
        return aten.memory(x);
    }

    private static PtNDArray array(NDArray x) {
        return (PtNDArray) x;
    }

    private static Aten.@Nullable Given given(@Nullable Object value) {
        return value == null ? null : new Aten.Given(value);
    }
}
