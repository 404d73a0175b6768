package io.vlfinetune.cli.report;

import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.freeze.PlanDocument.TensorPlan;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One layer of the model as the picture draws it: all tensors of one role and number.
 *
 * @param role what it is for
 * @param number number of the block; -1 outside blocks
 * @param parameters its parameters
 * @param trainable those that are trained
 * @param tensors its tensors
 * @param trainableTensors those that are trained
 * @param learningRates peak learning rates of its trained tensors
 */
record ModelLayer(
        Role role,
        int number,
        long parameters,
        long trainable,
        int tensors,
        int trainableTensors,
        Set<String> learningRates) {
    enum State {
        FROZEN,
        PARTLY,
        TRAINED
    }

    /** The layers of a plan in the order in which data flows through the model. */
    static List<ModelLayer> of(PlanDocument plan) {
        Map<Role, Map<Integer, List<TensorPlan>>> layers = new EnumMap<>(Role.class);
        for (TensorPlan tensor : plan.tensors()) {
            int number = tensor.layer() == null ? -1 : tensor.layer();
            layers.computeIfAbsent(tensor.role(), role -> new TreeMap<>())
                    .computeIfAbsent(number, layer -> new ArrayList<>())
                    .add(tensor);
        }
        return layers.values().stream()
                .flatMap(numbers -> numbers.entrySet().stream())
                .map(layer -> of(layer.getKey(), layer.getValue()))
                .toList();
    }

    private static ModelLayer of(int number, List<TensorPlan> tensors) {
        List<TensorPlan> trained =
                tensors.stream().filter(TensorPlan::trainable).toList();
        Set<String> rates = new TreeSet<>();
        for (TensorPlan tensor : trained) {
            if (tensor.learningRate() != null) {
                rates.add(tensor.learningRate());
            }
        }
        return new ModelLayer(
                tensors.getFirst().role(),
                number,
                parameters(tensors),
                parameters(trained),
                tensors.size(),
                trained.size(),
                rates);
    }

    private static long parameters(List<TensorPlan> tensors) {
        return tensors.stream()
                .mapToLong(tensor -> tensor.shape().stream().reduce(1L, Math::multiplyExact))
                .sum();
    }

    Part part() {
        return role.part();
    }

    State state() {
        if (trainableTensors == 0) {
            return State.FROZEN;
        }
        return trainableTensors == tensors ? State.TRAINED : State.PARTLY;
    }

    /** Such as block 3, or final norm. */
    String label() {
        return switch (role) {
            case PatchEmbedding -> "patch embedding";
            case VisionPosition -> "position embedding";
            case VisionBlock, LanguageBlock -> "block " + number;
            case VisionNorm -> "outer norms";
            case Projector -> "projector";
            case TokenEmbedding -> "token embedding";
            case LanguageNorm -> "final norm";
            case OutputHead -> "output head";
        };
    }
}
