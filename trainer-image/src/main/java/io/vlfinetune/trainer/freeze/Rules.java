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
 * @param rules in their order
 */
record Rules(FreezeSpec spec, String path, List<Rule> rules) {
    /**
     * A rule, declared or implied.
     *
     * @param path the field that says it
     * @param says what it says
     * @param selector which tensors it is about
     */
    record Rule(String path, FreezeRule says, Selector selector) {
        static Rule of(String path, FreezeRule says, ModelTensors table) {
            return new Rule(path, says, Selector.of(says, path, table));
        }
    }

    static Rules of(FreezeSpec spec, String path, ModelTensors table) {
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < spec.rules().size(); i++) {
            rules.add(Rule.of(path + ".rules[" + i + "]", spec.rules().get(i), table));
        }
        return new Rules(spec, path, rules);
    }

    /** The same after a rule that a field implies: where both are about a tensor, the declared one decides. */
    Rules after(Rule implied) {
        List<Rule> all = new ArrayList<>(rules);
        all.addFirst(implied);
        return new Rules(spec, path, all);
    }

    /** The last rule that is about a tensor decides, or else the switch of its part. */
    Decision decide(PlannedTensor tensor) {
        return decide(tensor, deciding(tensor, rules.size()));
    }

    private Decision decide(PlannedTensor tensor, int rule) {
        if (rule < 0) {
            Part part = tensor.role().part();
            return new Decision(spec.frozen(part), path + "." + field(part), null);
        }
        Rule chosen = rules.get(rule);
        return new Decision(chosen.says().frozen(), chosen.path(), chosen.says().learningRate());
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
        while (rule >= 0 && !rules.get(rule).selector().selects(tensor)) {
            rule--;
        }
        return rule;
    }

    /** Field of the last rule that is about only one of two tensors. */
    String lastThatParts(PlannedTensor one, PlannedTensor other) {
        return rules.reversed().stream()
                .filter(rule -> rule.selector().selects(one) != rule.selector().selects(other))
                .findFirst()
                .orElseThrow()
                .path();
    }

    /** Rules that later ones shadow completely, and rules without which the plan would be the same. */
    List<String> warnings(ModelTensors table) {
        List<String> warnings = new ArrayList<>();
        for (int i = 0; i < rules.size(); i++) {
            int rule = i;
            List<PlannedTensor> selected = table.tensors().stream()
                    .filter(rules.get(rule).selector()::selects)
                    .toList();
            List<PlannedTensor> decided = selected.stream()
                    .filter(tensor -> deciding(tensor, rules.size()) == rule)
                    .toList();
            if (selected.isEmpty()) {
                continue;
            }
            String at = rules.get(rule).path() + " ";
            if (decided.isEmpty()) {
                warnings.add(at + "has no effect: later rules decide about " + all(selected.size())
                        + " that it selects; "
                        + (at.startsWith(path + ".rules[") ? "put it after them" : "narrow them") + " or remove it");
            } else if (decided.stream()
                    .allMatch(tensor -> decide(tensor, rule).sameAs(decide(tensor, deciding(tensor, rule))))) {
                warnings.add(at + "changes nothing: without it, " + all(decided.size()) + " that it decides about "
                        + (decided.size() == 1 ? "is " : "are ")
                        + (rules.get(rule).says().frozen() ? "frozen" : "trained") + " as well");
            }
        }
        return warnings;
    }

    private static String all(int tensors) {
        return tensors == 1 ? "the one tensor" : "all " + tensors + " tensors";
    }
}
