package io.vlfinetune.trainer.freeze;

import io.vlfinetune.api.FreezeRule;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.LayerRange;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.PhaseEnd;
import io.vlfinetune.api.PhaseSpec;
import io.vlfinetune.api.ProgressiveSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What each stretch of a run trains, one after the other; a run that declares no phases is one phase.
 *
 * @param phases in their order, at least one
 */
public record PhasedPlan(List<Phase> phases) {
    /** Name of the only phase of a run that declares none. */
    public static final String ONLY = "train";

    /**
     * A stretch of the run.
     *
     * @param name as declared
     * @param plan what it trains
     * @param until when the next one begins; null for the last one
     */
    public record Phase(
            String name, FreezePlan plan, @Nullable PhaseEnd until) {}

    /** Keeps a copy. */
    public PhasedPlan {
        phases = List.copyOf(phases);
    }

    /**
     * Resolves a declaration: as it stands, phase by phase, or progressive unfreezing written out as phases.
     *
     * @throws io.vlfinetune.trainer.TrainerException InvalidSpec, as {@link FreezePlan#resolve}
     */
    public static PhasedPlan resolve(FreezeSpec spec, ModelTensors table) {
        ProgressiveSpec progressive = spec.progressive();
        if (progressive != null) {
            return progressive(spec, progressive, table);
        }
        if (spec.phases().isEmpty()) {
            return new PhasedPlan(List.of(new Phase(ONLY, FreezePlan.resolve(spec, table), null)));
        }
        List<Phase> phases = new ArrayList<>();
        for (int i = 0; i < spec.phases().size(); i++) {
            PhaseSpec phase = spec.phases().get(i);
            FreezeSpec freeze =
                    new FreezeSpec(phase.visionTower(), phase.projector(), phase.languageModel(), phase.rules());
            phases.add(new Phase(
                    phase.name(), FreezePlan.resolve(freeze, "spec.freeze.phases[" + i + "]", table), phase.until()));
        }
        return new PhasedPlan(phases);
    }

    /** The declaration as it stands, then with more and more of the part's top layers, until all of them are trained. */
    private static PhasedPlan progressive(FreezeSpec spec, ProgressiveSpec progressive, ModelTensors table) {
        Part part = progressive.part();
        int layers = table.layers(part);
        List<Phase> phases = new ArrayList<>();
        for (int top = 0; ; top += progressive.layersPerPhase()) {
            int last = Math.min(top, layers);
            List<FreezeRule> rules = new ArrayList<>(spec.rules());
            if (last > 0) {
                rules.add(new FreezeRule(part, null, new LayerRange(null, last, null, null), false));
            }
            FreezeSpec freeze = new FreezeSpec(spec.visionTower(), spec.projector(), spec.languageModel(), rules);
            FreezePlan plan = FreezePlan.resolve(freeze, "spec.freeze", table);
            phases.add(new Phase(
                    last == 0 ? "frozen" : "last-" + last,
                    last == 0 ? plan : named(plan, spec.rules().size()),
                    last == layers ? null : progressive.every()));
            if (last == layers) {
                return new PhasedPlan(phases);
            }
        }
    }

    /**
     * The rule that was written out stands nowhere in the resource: what it decided, progressive did. It shadows declared
     * rules, phase by phase more of them; that is what was asked for, and the first phase warns of those without effect.
     */
    private static FreezePlan named(FreezePlan plan, int rule) {
        String written = "spec.freeze.rules[" + rule + "]";
        Map<String, Decision> decisions = new LinkedHashMap<>(plan.decisions());
        decisions.replaceAll((name, decision) -> decision.by().equals(written)
                ? new Decision(decision.frozen(), "spec.freeze.progressive", decision.learningRate())
                : decision);
        return new FreezePlan(plan.table(), decisions, List.of());
    }

    /** The plan of the whole run: frozen is what is frozen in every phase; else the first phase that trains it decides. */
    public FreezePlan whole() {
        FreezePlan first = phases.getFirst().plan();
        Map<String, Decision> decisions = new LinkedHashMap<>();
        first.decisions().forEach((name, decision) -> {
            Decision kept = phases.stream()
                    .map(phase -> phase.plan().decision(name))
                    .filter(one -> !one.frozen())
                    .findFirst()
                    .orElse(decision);
            decisions.put(name, kept);
        });
        List<String> warnings = phases.stream()
                .flatMap(phase -> phase.plan().warnings().stream())
                .distinct()
                .toList();
        return new FreezePlan(first.table(), decisions, warnings);
    }
}
