package io.vlfinetune.trainer.model.decoder;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Head;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * Gemma's last norm, whose scale is {@code 1 + weight}, the output head and the summed cross entropy.
 *
 * @param norm key of the norm's scale
 * @param head key of the output head; the embedding table's if the head is tied to it
 * @param headRole role of that tensor: OutputHead, or TokenEmbedding if tied
 * @param config the decoder's numbers
 */
public record GemmaLoss(String norm, String head, Role headRole, GemmaConfig config) implements Head {
    @Override
    public List<LayerTensor> declared() {
        return List.of(
                LayerTensor.norm(norm, TensorRole.of(Role.LanguageNorm), config.hidden()),
                LayerTensor.weight(head, TensorRole.of(headRole), config.vocabulary(), config.hidden()));
    }

    @Override
    public NDArray logits(NDArray hidden, Weights w) {
        return w.ops().linear(w.ops().rmsNormOnePlus(hidden, w.get(norm), config.epsilon()), w.get(head), null);
    }
}
