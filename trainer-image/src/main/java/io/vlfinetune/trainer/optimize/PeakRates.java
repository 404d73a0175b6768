package io.vlfinetune.trainer.optimize;

import io.vlfinetune.api.Part;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.freeze.ModelTensors;
import io.vlfinetune.trainer.freeze.PlannedTensor;
import io.vlfinetune.trainer.freeze.TensorRole;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The peak learning rate of every trained tensor: that of the rule which decided about it, or else its part's times the
 * part's layer decay. A pure function of the declaration.
 *
 * @param training as declared
 */
public record PeakRates(TrainingSpec training) {
    /** More than a learning rate's effect can be told by, few enough to be read. */
    private static final MathContext DIGITS = new MathContext(9);

    /** The rate of each trained tensor as a decimal, ordered by name. */
    public Map<String, String> of(FreezePlan plan) {
        Map<String, String> rates = new LinkedHashMap<>();
        for (PlannedTensor tensor : plan.table().tensors()) {
            if (plan.trains(tensor.name())) {
                String asked = plan.decision(tensor.name()).learningRate();
                rates.put(tensor.name(), asked != null ? asked : decayed(tensor, plan));
            }
        }
        return rates;
    }

    private String decayed(PlannedTensor tensor, FreezePlan plan) {
        Part part = tensor.role().part();
        String rate = Objects.requireNonNullElse(training.partLearningRates().of(part), training.learningRate());
        String factor = training.layerDecay().of(part);
        int below = factor == null ? 0 : layersBelowTop(tensor, plan.table());
        return factor == null || below == 0
                ? rate
                : text(new BigDecimal(rate).multiply(new BigDecimal(factor).pow(below), DIGITS));
    }

    /** As people write small numbers: 6.25e-5. */
    private static String text(BigDecimal number) {
        BigDecimal digits = number.stripTrailingZeros();
        int exponent = digits.precision() - digits.scale() - 1;
        return digits.movePointLeft(exponent).stripTrailingZeros().toPlainString() + "e" + exponent;
    }

    /** How far below the top block: 0 for that one and what lies above it, all blocks for what lies below them. */
    private static int layersBelowTop(PlannedTensor tensor, ModelTensors table) {
        TensorRole role = tensor.role();
        int layers = table.layers(role.part());
        if (role.role().layered()) {
            return layers - 1 - role.layer();
        }
        List<String> order = List.copyOf(table.read());
        int lowestBlock = table.tensors().stream()
                .filter(other -> other.role().part() == role.part()
                        && other.role().role().layered())
                .mapToInt(other -> order.indexOf(other.name()))
                .filter(at -> at >= 0)
                .min()
                .orElse(0);
        int at = order.indexOf(tensor.name());
        return at >= 0 && at < lowestBlock ? layers : 0;
    }

    /** Rates that nothing is trained with, by field. */
    public List<String> warnings(FreezePlan plan) {
        List<String> warnings = new ArrayList<>();
        for (Part part : Part.values()) {
            String field = field(part);
            if (training.partLearningRates().of(part) != null && !plan.trains(part)) {
                warnings.add("spec.training.partLearningRates." + field + " has no effect: " + part + " is frozen");
            }
            if (training.layerDecay().of(part) != null && !plan.trains(part)) {
                warnings.add("spec.training.layerDecay." + field + " has no effect: " + part + " is frozen");
            }
        }
        return warnings;
    }

    private static String field(Part part) {
        return switch (part) {
            case VisionTower -> "visionTower";
            case Projector -> "projector";
            case LanguageModel -> "languageModel";
        };
    }
}
