package io.vlfinetune.trainer.memory;

import io.vlfinetune.api.MemoryStatus;
import io.vlfinetune.api.Part;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.freeze.PlannedTensor;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.Head;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Widths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The peak memory of a phase, worked out before anything is loaded: a pure function of plan, layers and the largest
 * batch. It follows the step: weights and optimizer state are always there; on the way up activations gather above the
 * lowest trained layer; on the way down they go and gradients come.
 *
 * @param blueprint the model
 * @param precision of arithmetic
 * @param accumulates whether gradients of earlier batches of the step are there from the start
 * @param recompute whether only what flows between layers is kept, and a layer runs again before it is gone through
 */
public record MemoryEstimate(Blueprint blueprint, DType precision, boolean accumulates, boolean recompute) {
    private static final long MASTER = 4;
    private static final long GRADIENT = 4;
    private static final long MOMENTS = 8;

    /** JVM, libtorch's code, its thread pools and what the allocator keeps; measured, see benchmarks/freeze. */
    private static final long PROCESS = 455L << 20;

    /**
     * What the C library's allocator holds for arrays that come and go, by what they need: gaps between them, and what is
     * free and not given back. Measured as well.
     */
    private static final double ALLOCATOR = 1.35;

    /** How often what a layer keeps is there again while it is gone through: sources worked out again, their gradients. */
    private static final double BACKWARD = 1.5;

    /**
     * Part of what trained Float32 layers would have kept that the allocator holds although they run again, since the
     * gradients that stay lie between: measured on three shapes, not derived. BFloat16 layers lose next to nothing.
     */
    private static final double LOST = 0.5;

    /** How often what a stage remembers is there while it runs again: with scores, probabilities and their gradients. */
    private static final long AGAIN = 4;

    /** The same where nothing is remembered: scores and probabilities. */
    private static final long FORWARD = 2;

    /** What a layer that remembers nothing holds at once, by what it would keep: its sources and results; measured. */
    private static final long BELOW = 3;

    /** Logits in Float32, their log-softmax and its gradient. */
    private static final long LOGITS = 12;

    /** A stretch of the chain between two flows. */
    private record Stretch(long kept, long flow, long gradients, long beside) {}

    /**
     * The layers of a chain.
     *
     * @param above what gradients flow through, from the lowest trained layer up
     * @param prefix what the largest layer below makes of a batch, one image or sample after the other
     */
    private record Layers(List<Stretch> above, long prefix) {}

    /**
     * Estimates a phase.
     *
     * @param phase what it trains
     * @param everTrained what it or an earlier phase trained, whose Float32 masters stay
     */
    public MemoryStatus of(FreezePlan phase, FreezePlan everTrained, Workload workload) {
        Map<String, PlannedTensor> tensors = new HashMap<>();
        phase.table().tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
        long weights = 0;
        long trained = 0;
        for (String name : phase.table().read()) {
            PlannedTensor tensor = tensors.get(name);
            if (tensor == null) {
                continue;
            }
            boolean master = everTrained.trains(name);
            trained += phase.trains(name) ? tensor.parameters() : 0;
            weights += tensor.parameters() * (master ? MASTER : precision.bytes());
            weights += master && !phase.trains(name) && precision != DType.F32
                    ? tensor.parameters() * precision.bytes()
                    : 0;
        }
        Layers layers = layers(phase::trains, workload);
        List<Stretch> stretches = layers.above;
        long activations = 0;
        for (Stretch stretch : stretches) {
            activations += recompute ? stretch.flow : stretch.kept;
        }
        long logits = workload.targets() * vocabulary() * LOGITS;
        long gradients = trained * GRADIENT;
        long peak = logits + activations;
        long left = activations;
        long there = accumulates ? gradients : 0;
        for (Stretch stretch : stretches.reversed()) {
            there += accumulates ? 0 : stretch.gradients;
            long work = (long) (stretch.kept * (BACKWARD + (recompute ? 1 : 0))) + stretch.beside;
            peak = Math.max(peak, left + there + work);
            left -= recompute ? stretch.flow : stretch.kept;
        }
        peak = Math.max(Math.max(peak, gradients), BELOW * layers.prefix / workload.rows());
        // Gradients are large and stay: the allocator loses little on them.
        peak += (long) ((ALLOCATOR - 1) * Math.max(0, Math.min(activations + logits, peak)));
        if (recompute && precision == DType.F32) {
            peak += (long) (LOST
                    * stretches.stream()
                            .filter(stretch -> stretch.gradients > 0)
                            .mapToLong(Stretch::kept)
                            .sum());
        }
        // Beside the heap: the array that is made of a batch's pixels.
        long process = PROCESS + workload.heapBytes() + workload.pixelBytes() + masks(workload);
        Workload evaluation = workload.evaluation();
        if (evaluation != null) {
            peak = Math.max(peak, evaluating(evaluation));
            process += Math.max(0, evaluation.pixelBytes() - workload.pixelBytes())
                    + Math.max(0, masks(evaluation) - masks(workload));
        }
        return new MemoryStatus(
                process,
                weights,
                gradients,
                trained * MOMENTS,
                activations + logits,
                process + weights + trained * MOMENTS + peak);
    }

    /** An evaluation runs every layer for the whole batch, also those that training runs an image at a time. */
    private long evaluating(Workload workload) {
        long logits = (long) (ALLOCATOR * workload.targets() * vocabulary() * LOGITS);
        return Math.max(BELOW * layers(none -> false, workload).prefix, logits);
    }

    /** Attention masks of a batch: their values in the heap, and the arrays of them. */
    private long masks(Workload workload) {
        long length = workload.length();
        boolean text = workload.features() == 0;
        long kinds = blueprint.chain().layersForLoss().stream()
                .flatMap(layer -> layer.stages().stream())
                .flatMapToInt(stage -> stage.window().stream())
                .mapToLong(window -> Math.min(window, length))
                .distinct()
                .filter(window -> !text || window < length)
                .count();
        return kinds * (text ? 1 : workload.rows()) * length * length * (DType.F32.bytes() + precision.bytes());
    }

    private long vocabulary() {
        return blueprint.chain().head().declared().stream()
                .filter(tensor -> tensor.use() == LayerTensor.Use.Weight)
                .mapToLong(tensor -> tensor.shape().getFirst())
                .max()
                .orElse(0);
    }

    /** The layers of the chain, in one pass over it. */
    private Layers layers(Predicate<String> trains, Workload workload) {
        long prefix = 0;
        List<Stretch> found = new ArrayList<>();
        Widths widths = Widths.of(0);
        Part part = Part.VisionTower;
        boolean begun = false;
        boolean narrowed = false;
        for (Layer layer : blueprint.chain().layersForLoss()) {
            part = layer.declared().isEmpty()
                    ? part
                    : layer.declared().getFirst().role().part();
            begun |= layer.tensors().keySet().stream().anyMatch(trains);
            if (layer instanceof Head) {
                found.add(new Stretch(0, 0, gradients(layer, trains), 0));
                continue;
            }
            long kept = 0;
            long inside = 0;
            for (Layer stage : layer.stages()) {
                Footprint made = stage.footprint(widths);
                narrowed |= made.narrows();
                long size = rows(part, narrowed, workload) * precision.bytes();
                boolean again = stage.isCheap(precision);
                kept += (made.kept() - (again ? made.within() : 0)) * size;
                inside = Math.max(inside, again ? made.within() * size : 0);
                widths = made.output();
            }
            if (begun) {
                long flow = widths.hidden() * rows(part, narrowed, workload) * precision.bytes();
                found.add(new Stretch(kept, flow, gradients(layer, trains), cast(layer, trains) + AGAIN * inside));
            } else {
                prefix = Math.max(prefix, kept + FORWARD * inside);
            }
        }
        return new Layers(found, prefix);
    }

    private static long rows(Part part, boolean narrowed, Workload workload) {
        return switch (part) {
            case VisionTower -> workload.towerRows();
            case Projector -> workload.features();
            case LanguageModel -> narrowed ? workload.targets() : workload.tokens();
        };
    }

    private static long gradients(Layer layer, Predicate<String> trains) {
        return trained(layer, trains) * GRADIENT;
    }

    /** Weights of a trained layer in the compute precision, and their gradient before it is made Float32. */
    private long cast(Layer layer, Predicate<String> trains) {
        return precision == DType.F32 ? 0 : 2 * trained(layer, trains) * precision.bytes();
    }

    private static long trained(Layer layer, Predicate<String> trains) {
        return layer.declared().stream()
                .filter(tensor -> trains.test(tensor.name()))
                .mapToLong(LayerTensor::elements)
                .sum();
    }
}
