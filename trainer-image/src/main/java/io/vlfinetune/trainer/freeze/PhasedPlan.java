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

    private static final String PROGRESSIVE = "spec.freeze.progressive";

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

    /**
     * The declaration as it stands, then with more and more of the part's top layers, until all of them are trained. What
     * is unfrozen goes before the declared rules, so that they are exceptions from it as from the switches.
     */
    private static PhasedPlan progressive(FreezeSpec spec, ProgressiveSpec progressive, ModelTensors table) {
        Part part = progressive.part();
        int layers = table.layers(part);
        Rules declared = Rules.of(spec, "spec.freeze", table);
        List<Phase> phases = new ArrayList<>();
        for (int top = 0; ; top += progressive.layersPerPhase()) {
            int last = Math.min(top, layers);
            phases.add(new Phase(
                    last == 0 ? "frozen" : "last-" + last,
                    FreezePlan.resolve(last == 0 ? declared : declared.after(unfrozen(part, last, table)), table),
                    last == layers ? null : progressive.every()));
            if (last == layers) {
                return new PhasedPlan(warnedTogether(phases));
            }
        }
    }

    private static Rules.Rule unfrozen(Part part, int last, ModelTensors table) {
        FreezeRule top = new FreezeRule(part, null, new LayerRange(null, last, null, null), false);
        return Rules.Rule.of(PROGRESSIVE, top, table);
    }

    /** The phases share the declared rules: one that does something in any of them is no mistake. */
    private static List<Phase> warnedTogether(List<Phase> phases) {
        List<String> warnings = phases.getLast().plan().warnings().stream()
                .filter(warning -> warning.startsWith(PROGRESSIVE)
                        || phases.stream()
                                .allMatch(phase -> phase.plan().warnings().contains(warning)))
                .toList();
        return phases.stream()
                .map(phase -> new Phase(
                        phase.name(),
                        new FreezePlan(phase.plan().table(), phase.plan().decisions(), warnings),
                        phase.until()))
                .toList();
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
