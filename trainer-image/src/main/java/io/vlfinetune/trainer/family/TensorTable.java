package io.vlfinetune.trainer.family;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.TensorInfo;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What layers declare against what a checkpoint stores: the same names, each with the declared shape. */
public final class TensorTable {
    private final Checkpoint checkpoint;
    private final Map<String, LayerTensor> declared = new LinkedHashMap<>();

    /**
     * Compares them.
     *
     * @param layers all layers of the family, also those that the chain leaves out
     * @throws TrainerException ModelUnsupported, naming a tensor that is missing, has no role, another shape, or a type
     *     no weights can have
     */
    public TensorTable(Checkpoint checkpoint, List<LayerTensor> layers) {
        this.checkpoint = checkpoint;
        layers.forEach(tensor -> declared.putIfAbsent(tensor.name(), tensor));
        declared.values().forEach(this::requireStored);
        checkpoint.tensors().keySet().forEach(this::requireDeclared);
    }

    private void requireStored(LayerTensor tensor) {
        TensorInfo info = checkpoint.tensors().get(tensor.name());
        if (info == null) {
            throw refused(
                    tensor.name(),
                    "missing, though config.json asks for it" + nearest(tensor.name(), undeclared())
                            + "; fetch the checkpoint again or correct config.json");
        }
        if (!info.shape().equals(tensor.shape())) {
            throw refused(
                    tensor.name(),
                    "shape " + info.shape() + ", but config.json asks for " + tensor.shape()
                            + "; weights and config.json must belong together");
        }
        if (!info.dtype().holdsWeights()) {
            throw refused(
                    tensor.name(),
                    "dtype " + info.dtype() + " is not supported for weights; convert it to F32, F16 or BF16");
        }
    }

    private void requireDeclared(String name) {
        if (!declared.containsKey(name)) {
            throw refused(
                    name,
                    "no part of this kind of model has it" + nearest(name, declared.keySet())
                            + "; remove it from the checkpoint or correct config.json");
        }
    }

    private Set<String> undeclared() {
        Set<String> names = new TreeSet<>(checkpoint.tensors().keySet());
        names.removeAll(declared.keySet());
        return names;
    }

    private TrainerException refused(String tensor, String what) {
        return new TrainerException(Reason.ModelUnsupported, checkpoint.folder() + ": tensor " + tensor + ": " + what);
    }

    private static String nearest(String name, Collection<String> others) {
        return others.stream()
                .min(Comparator.comparingInt((String other) -> distance(name, other))
                        .thenComparing(Comparator.naturalOrder()))
                .map(other -> " (the nearest is " + other + ")")
                .orElse("");
    }

    /** Levenshtein's distance. */
    private static int distance(String a, String b) {
        int[] before = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            before[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = before[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(before[j], row[j - 1]));
            }
            before = row;
        }
        return before[b.length()];
    }

    /** The role of every tensor. */
    public Map<String, TensorRole> roles() {
        Map<String, TensorRole> roles = new TreeMap<>();
        declared.values().forEach(tensor -> roles.put(tensor.name(), tensor.role()));
        return roles;
    }

    /** Tensors that none of these layers reads. */
    public Set<String> unusedBy(List<Layer> layers) {
        Set<String> names = new TreeSet<>(declared.keySet());
        layers.forEach(layer -> names.removeAll(layer.tensors().keySet()));
        return names;
    }

    /** Biases and norms. */
    public Set<String> undecayed() {
        return declared.values().stream()
                .filter(tensor -> switch (tensor.use()) {
                    case Weight -> false;
                    case Bias, Norm -> true;
                })
                .map(LayerTensor::name)
                .collect(Collectors.toSet());
    }
}
