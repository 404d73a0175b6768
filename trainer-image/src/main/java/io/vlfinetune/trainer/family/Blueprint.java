package io.vlfinetune.trainer.family;

import io.vlfinetune.trainer.freeze.ModelTensors;
import io.vlfinetune.trainer.freeze.PlannedTensor;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Chain;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.TensorInfo;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A model as configuration and headers tell it, before any tensor is loaded.
 *
 * @param chain its layers
 * @param roles the role of every tensor of the checkpoint, sorted by name
 * @param unusedTensors tensors of the checkpoint that no layer of the chain reads, so that they never have a gradient
 * @param undecayedTensors biases and norms, which weight decay leaves alone as transformers' Trainer does
 * @param tiedHead whether the token embedding is the output head too, so that both are frozen or trained together
 * @param imageToken the token that stands where an image feature goes
 * @param padToken the token that fills rows up
 */
public record Blueprint(
        Chain chain,
        Map<String, TensorRole> roles,
        Set<String> unusedTensors,
        Set<String> undecayedTensors,
        boolean tiedHead,
        int imageToken,
        int padToken) {
    /** Copies its collections. */
    public Blueprint {
        roles = Collections.unmodifiableMap(new TreeMap<>(roles));
        unusedTensors = Set.copyOf(unusedTensors);
        undecayedTensors = Set.copyOf(undecayedTensors);
    }

    /** Its tensors as the checkpoint that it was made of stores them. */
    public ModelTensors table(Checkpoint checkpoint) {
        List<PlannedTensor> tensors = new ArrayList<>();
        roles.forEach((name, role) -> {
            TensorInfo info = checkpoint.fileOf(name).info(name);
            tensors.add(new PlannedTensor(name, role, info.shape(), info.dtype().name()));
        });
        return new ModelTensors(tensors, chain.tensors(), tiedHead);
    }
}
