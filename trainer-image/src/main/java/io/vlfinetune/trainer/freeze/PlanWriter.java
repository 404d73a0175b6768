package io.vlfinetune.trainer.freeze;

import io.vlfinetune.api.Part;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.freeze.PlanDocument.PhasePlan;
import io.vlfinetune.trainer.freeze.PlanDocument.TensorPlan;
import io.vlfinetune.trainer.optimize.PeakRates;
import io.vlfinetune.trainer.source.Folders;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes a plan out. */
public final class PlanWriter {
    private record Rated(PhasedPlan.Phase phase, Map<String, String> rates) {}

    private final PhasedPlan plan;
    private final FreezePlan whole;
    private final List<Rated> phases;
    private final PeakRates rates;

    private PlanWriter(PhasedPlan plan, TrainingSpec training) {
        this.plan = plan;
        whole = plan.whole();
        rates = new PeakRates(training);
        phases = plan.phases().stream()
                .map(phase -> new Rated(phase, rates.of(phase.plan())))
                .toList();
    }

    /** Writes a plan out with the peak learning rates of its trainable tensors. */
    public static PlanDocument write(PhasedPlan plan, TrainingSpec training) {
        return new PlanWriter(plan, training).document();
    }

    private PlanDocument document() {
        Map<String, String> wholeRates = new LinkedHashMap<>();
        phases.forEach(phase -> phase.rates.forEach(wholeRates::putIfAbsent));
        return new PlanDocument(
                digest(),
                whole.totalParameters(),
                whole.trainableParameters(),
                parts(whole, wholeRates),
                phases.stream()
                        .map(rated -> new PhasePlan(
                                rated.phase.name(),
                                rated.phase.until(),
                                rated.phase.plan().trainableParameters(),
                                rated.phase.plan().trainable().size(),
                                parts(rated.phase.plan(), rated.rates),
                                null,
                                null))
                        .toList(),
                Stream.concat(whole.warnings().stream(), rates.warnings(whole).stream())
                        .toList(),
                whole.table().tensors().stream()
                        .map(tensor -> tensor(tensor, wholeRates.get(tensor.name())))
                        .toList());
    }

    private TensorPlan tensor(PlannedTensor tensor, @Nullable String rate) {
        TensorRole role = tensor.role();
        boolean trainable = whole.trains(tensor.name());
        List<String> names = phases.stream()
                .filter(rated -> rated.phase.plan().trains(tensor.name()))
                .map(rated -> rated.phase.name())
                .toList();
        return new TensorPlan(
                tensor.name(),
                role.role(),
                role.part(),
                role.role().layered() ? role.layer() : null,
                tensor.shape(),
                tensor.dtype(),
                trainable,
                whole.decision(tensor.name()).by(),
                rate,
                trainable && phases.size() > 1 ? names : null);
    }

    private static List<PartStatus> parts(FreezePlan plan, Map<String, String> rates) {
        return Stream.of(Part.values()).map(part -> part(plan, part, rates)).toList();
    }

    private static PartStatus part(FreezePlan plan, Part part, Map<String, String> rates) {
        long total = 0;
        long trainable = 0;
        TreeMap<Integer, Boolean> frozenLayers = new TreeMap<>();
        TreeSet<String> used =
                new TreeSet<>(Comparator.comparingDouble(Double::parseDouble).thenComparing(Comparator.naturalOrder()));
        for (PlannedTensor tensor : plan.table().tensors()) {
            if (tensor.role().part() != part) {
                continue;
            }
            boolean trains = plan.trains(tensor.name());
            total += tensor.parameters();
            trainable += trains ? tensor.parameters() : 0;
            if (trains) {
                used.add(rates.getOrDefault(tensor.name(), "0"));
            }
            if (tensor.role().role().layered()) {
                frozenLayers.merge(tensor.role().layer(), !trains, Boolean::logicalAnd);
            }
        }
        frozenLayers.values().removeIf(frozen -> !frozen);
        return new PartStatus(
                part,
                total,
                trainable,
                frozenLayers.isEmpty() ? null : ranges(new ArrayList<>(frozenLayers.keySet())),
                used.isEmpty() ? null : used.size() == 1 ? used.first() : used.first() + " to " + used.last());
    }

    /** Ascending numbers as ranges: 0, 1, 2, 5 is {@code 0-2,5}. */
    static String ranges(List<Integer> numbers) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < numbers.size(); ) {
            int end = i;
            while (end + 1 < numbers.size() && numbers.get(end + 1) == numbers.get(end) + 1) {
                end++;
            }
            text.append(text.isEmpty() ? "" : ",").append(numbers.get(i));
            if (end > i) {
                text.append('-').append(numbers.get(end));
            }
            i = end + 1;
        }
        return text.toString();
    }

    /** Equal plans have equal digests, however they were declared. */
    private String digest() {
        StringBuilder lines = new StringBuilder();
        for (Rated rated : phases) {
            if (plan.phases().size() > 1) {
                lines.append(rated.phase.name())
                        .append(' ')
                        .append(rated.phase.until())
                        .append('\n');
            }
            for (PlannedTensor tensor : whole.table().tensors()) {
                lines.append(tensor)
                        .append(' ')
                        .append(rated.rates.getOrDefault(tensor.name(), "frozen"))
                        .append('\n');
            }
        }
        return Folders.digest(lines.toString());
    }
}
