package io.vlfinetune.cli;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.verify.Likeness;
import io.vlfinetune.trainer.verify.Verification;
import io.vlfinetune.trainer.verify.VerifiedGroup;
import io.vlfinetune.trainer.verify.VerifiedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;

/** A verification for people. */
final class VerifyText {
    private static final int NAMES = 20;

    private final Verification result;
    private final boolean colour;
    private final List<String> lines = new ArrayList<>();

    VerifyText(Verification result, boolean colour) {
        this.result = result;
        this.colour = colour;
    }

    /** The lines to print. */
    List<String> lines() {
        lines.add("base    " + result.base());
        lines.add("tuned   " + result.tuned());
        lines.add("frozen  "
                + Objects.requireNonNullElse(
                        result.declaration(), "nothing was declared (-f FILE says what is held to be frozen)"));
        if (result.declaration() == null) {
            trained();
        } else {
            declared();
        }
        storedOtherwise();
        named("not in the tuned model", result.missing());
        named("only in the tuned model", result.added());
        lines.add("");
        lines.add(verdict());
        return lines;
    }

    private void declared() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "PART", "FROZEN", "BIT-IDENTICAL", "STORED OTHERWISE", "LEAKED", "TRAINABLE", "CHANGED", "UNCHANGED"));
        for (VerifiedGroup part : result.parts()) {
            VerifiedGroup.Declared counts = Objects.requireNonNull(part.declared());
            rows.add(List.of(
                    part.part().name(),
                    number(counts.frozen()),
                    number(counts.frozenIdentical()),
                    number(counts.frozenStoredOtherwise()),
                    number(counts.leaked()),
                    number(counts.trainable()),
                    number(counts.trainableChanged()),
                    number(counts.trainable() - counts.trainableChanged())));
        }
        table(rows);
        List<VerifiedTensor> leaked =
                result.tensors().stream().filter(VerifiedTensor::leaked).toList();
        if (!leaked.isEmpty()) {
            List<List<String>> names = new ArrayList<>();
            names.add(List.of("LEAKED TENSOR", "ROLE", "DIFFERING ELEMENTS", "LARGEST DIFFERENCE", ""));
            leaked.stream().limit(NAMES).forEach(tensor -> names.add(leak(tensor)));
            table(names);
            more(leaked.size());
        }
    }

    private static List<String> leak(VerifiedTensor tensor) {
        Long differing = tensor.differingElements();
        Double largest = tensor.largestDifference();
        return List.of(
                tensor.name(),
                place(tensor),
                differing == null ? "" : number(differing) + " of " + number(tensor.elements()),
                largest == null ? "" : String.format(Locale.ROOT, "%.3g", largest),
                note(tensor));
    }

    private static String place(VerifiedTensor tensor) {
        return tensor.role() + (tensor.layer() == null ? "" : " " + tensor.layer());
    }

    private static String note(VerifiedTensor tensor) {
        return switch (tensor.likeness()) {
            case Missing -> "missing";
            case Reshaped -> tensor.shape() + " became " + tensor.tunedShape();
            case Changed ->
                tensor.roundedTo() != null
                        ? "the base model's values, rounded to " + tensor.roundedTo()
                        : tensor.notFiniteElements() != null
                                ? number(tensor.notFiniteElements()) + " infinite or no number"
                                : "";
            case Identical, StoredOtherwise -> "";
        };
    }

    private void trained() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("PART", "ROLE", "LAYERS", "TENSORS", "BIT-IDENTICAL", "STORED OTHERWISE", "CHANGED"));
        List<VerifiedGroup> groups = result.layers().stream()
                .sorted((a, b) -> a.part() != b.part()
                        ? a.part().compareTo(b.part())
                        : a.role() != b.role()
                                ? Objects.requireNonNull(a.role()).compareTo(Objects.requireNonNull(b.role()))
                                : Integer.compare(layer(a), layer(b)))
                .toList();
        for (int from = 0; from < groups.size(); ) {
            int to = from + 1;
            while (to < groups.size() && continues(groups.get(to - 1), groups.get(to))) {
                to++;
            }
            rows.add(row(groups.get(from), groups.get(to - 1), to - from));
            from = to;
        }
        table(rows);
    }

    /** Neighbouring blocks of which the same can be said share a row. */
    private static boolean continues(VerifiedGroup a, VerifiedGroup b) {
        return a.role() == b.role()
                && layer(b) == layer(a) + 1
                && a.tensors() == b.tensors()
                && a.identical() == b.identical()
                && a.storedOtherwise() == b.storedOtherwise()
                && a.changed() == b.changed();
    }

    private static int layer(VerifiedGroup group) {
        return Objects.requireNonNullElse(group.layer(), -1);
    }

    private static List<String> row(VerifiedGroup first, VerifiedGroup last, int groups) {
        String layers = groups == 1 ? "" + layer(first) : layer(first) + "-" + layer(last);
        return List.of(
                first.part().name(),
                String.valueOf(first.role()),
                first.layer() == null ? "" : layers,
                number((long) groups * first.tensors()),
                number((long) groups * first.identical()),
                number((long) groups * first.storedOtherwise()),
                number((long) groups * first.changed()));
    }

    private void storedOtherwise() {
        Map<String, Integer> kinds = new TreeMap<>();
        result.with(Likeness.StoredOtherwise)
                .forEach(tensor -> kinds.merge(
                        "stored as " + tensor.tunedDtype() + " instead of " + tensor.dtype(), 1, Integer::sum));
        if (!kinds.isEmpty()) {
            lines.add("");
        }
        kinds.forEach((kind, count) -> lines.add(tensors(count) + ": same values, " + kind));
    }

    private void named(String what, List<String> names) {
        if (!names.isEmpty()) {
            lines.add("");
            lines.add(what + ": " + tensors(names.size()));
            names.stream().limit(NAMES).forEach(name -> lines.add("  " + name));
            more(names.size());
        }
    }

    private void more(int all) {
        if (all > NAMES) {
            lines.add("  and " + number((long) all - NAMES) + " more (-o json names all)");
        }
    }

    private String verdict() {
        if (result.declaration() == null) {
            return "in fact trained: "
                    + parts(
                            part -> part.changed() > 0,
                            part -> " (" + number(part.changed()) + " of " + tensors(part.tensors()) + ")")
                    + "; unchanged: "
                    + parts(part -> part.tensors() > 0 && part.changed() + part.missing() == 0, part -> "");
        }
        long frozen = frozen();
        if (Boolean.FALSE.equals(result.holds())) {
            return painted("31", Reason.FrozenTensorChanged.name()) + ": "
                    + number(result.leaked().size()) + " of " + number(frozen) + " frozen tensors leaked";
        }
        int otherwise = result.parts().stream()
                .mapToInt(part -> Objects.requireNonNull(part.declared()).frozenStoredOtherwise())
                .sum();
        return painted("32", "nothing leaked") + ": "
                + (otherwise == 0
                        ? "all " + number(frozen) + " frozen tensors are bit-identical"
                        : "%s frozen tensors are bit-identical, %s have the same values stored in another type"
                                .formatted(number(frozen - otherwise), number(otherwise)));
    }

    private long frozen() {
        return result.parts().stream()
                .mapToLong(part -> Objects.requireNonNull(part.declared()).frozen())
                .sum();
    }

    private String parts(Predicate<VerifiedGroup> which, Function<VerifiedGroup, String> more) {
        List<String> names = result.parts().stream()
                .filter(which)
                .map(part -> part.part() + more.apply(part))
                .toList();
        return names.isEmpty() ? "nothing" : String.join(", ", names);
    }

    private void table(List<List<String>> rows) {
        lines.add("");
        lines.addAll(TextTable.lines(rows));
    }

    private String painted(String code, String text) {
        return colour ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }

    private static String tensors(int count) {
        return number(count) + (count == 1 ? " tensor" : " tensors");
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }
}
