package io.vlfinetune.trainer.freeze;

import io.vlfinetune.api.Role;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A made-up model whose projector lives under the vision tower's prefix, as Qwen's does; its last vision block is unread. */
final class SmallModel {
    private SmallModel() {}

    static ModelTensors of(int visionBlocks, int languageBlocks) {
        List<PlannedTensor> tensors = new ArrayList<>();
        tensors.add(tensor("vision.patches", TensorRole.of(Role.PatchEmbedding)));
        tensors.add(tensor("vision.positions", TensorRole.of(Role.VisionPosition)));
        for (int i = 0; i < visionBlocks; i++) {
            tensors.add(tensor("vision.layers." + i, TensorRole.of(Role.VisionBlock, i)));
        }
        tensors.add(tensor("vision.norm", TensorRole.of(Role.VisionNorm)));
        tensors.add(tensor("vision.merger", TensorRole.of(Role.Projector)));
        tensors.add(tensor("tokens", TensorRole.of(Role.TokenEmbedding)));
        for (int i = 0; i < languageBlocks; i++) {
            tensors.add(tensor("layers." + i, TensorRole.of(Role.LanguageBlock, i)));
        }
        tensors.add(tensor("norm", TensorRole.of(Role.LanguageNorm)));
        tensors.add(tensor("head", TensorRole.of(Role.OutputHead)));
        Set<String> read = new LinkedHashSet<>();
        tensors.forEach(tensor -> read.add(tensor.name()));
        read.remove("vision.layers." + (visionBlocks - 1));
        return new ModelTensors(tensors, read, false);
    }

    private static PlannedTensor tensor(String name, TensorRole role) {
        return new PlannedTensor(name, role, List.of(2L, 3L), "BF16");
    }
}
