package io.vlfinetune.trainer.freeze;

import io.vlfinetune.api.FreezeRule;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.Part;
import java.util.ArrayList;
import java.util.List;

/**
 * The switches and rules of a declaration, read for one model.
 *
 * @param spec as declared
 * @param path where it stands in the resource
 * @param selectors which tensors each rule is about
 */
record Rules(FreezeSpec spec, String path, List<Selector> selectors) {
    static Rules of(FreezeSpec spec, String path, ModelTensors table) {
        List<Selector> selectors = new ArrayList<>();
        for (int i = 0; i < spec.rules().size(); i++) {
            selectors.add(Selector.of(spec.rules().get(i), path + ".rules[" + i + "]", table));
        }
        return new Rules(spec, path, selectors);
    }

    /** The last rule that is about a tensor decides, or else the switch of its part. */
    Decision decide(PlannedTensor tensor) {
        return decide(tensor, deciding(tensor, selectors.size()));
    }

    private Decision decide(PlannedTensor tensor, int rule) {
        if (rule < 0) {
            Part part = tensor.role().part();
            return new Decision(spec.frozen(part), path + "." + field(part), null);
        }
        FreezeRule chosen = spec.rules().get(rule);
        return new Decision(chosen.frozen(), path + ".rules[" + rule + "]", chosen.learningRate());
    }

    private static String field(Part part) {
        return switch (part) {
            case VisionTower -> "visionTower";
            case Projector -> "projector";
            case LanguageModel -> "languageModel";
        };
    }

    /** Number of the last rule before another that is about a tensor; -1 for none. */
    private int deciding(PlannedTensor tensor, int before) {
        int rule = before - 1;
        while (rule >= 0 && !selectors.get(rule).selects(tensor)) {
            rule--;
        }
        return rule;
    }

    /** Number of the last rule that is about only one of two tensors. */
    int lastThatParts(PlannedTensor one, PlannedTensor other) {
        int rule = selectors.size() - 1;
        while (selectors.get(rule).selects(one) == selectors.get(rule).selects(other)) {
            rule--;
        }
        return rule;
    }

    /** Rules that later ones shadow completely, and rules without which the plan would be the same. */
    List<String> warnings(ModelTensors table) {
        List<String> warnings = new ArrayList<>();
        for (int i = 0; i < selectors.size(); i++) {
            int rule = i;
            List<PlannedTensor> selected = table.tensors().stream()
                    .filter(selectors.get(rule)::selects)
                    .toList();
            List<PlannedTensor> decided = selected.stream()
                    .filter(tensor -> deciding(tensor, selectors.size()) == rule)
                    .toList();
            if (selected.isEmpty()) {
                continue;
            }
            String at = path + ".rules[" + rule + "] ";
            if (decided.isEmpty()) {
                warnings.add(at + "has no effect: later rules decide about " + all(selected.size())
                        + " that it selects; put it after them or remove it");
            } else if (decided.stream()
                    .allMatch(tensor -> decide(tensor, rule).sameAs(decide(tensor, deciding(tensor, rule))))) {
                warnings.add(at + "changes nothing: without it, " + all(decided.size()) + " that it decides about "
                        + (decided.size() == 1 ? "is " : "are ")
                        + (spec.rules().get(rule).frozen() ? "frozen" : "trained") + " as well");
            }
        }
        return warnings;
    }

    private static String all(int tensors) {
        return tensors == 1 ? "the one tensor" : "all " + tensors + " tensors";
    }
}
