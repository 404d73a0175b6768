package io.vlfinetune.trainer.family.llava;

import io.vlfinetune.trainer.family.Family;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Prefixes of a checkpoint's keys. Published checkpoints and those of transformers 4.52 and later nest the three parts
 * differently, each part for itself.
 *
 * @param tower of the vision tower's keys
 * @param projector of the projector's keys
 * @param decoder of the decoder's keys but the output head
 * @param head key of the output head
 */
public record LlavaKeys(String tower, String projector, String decoder, String head) {
    private static final List<String> TOWERS = List.of(
            "vision_tower.vision_model.", "vision_tower.", "model.vision_tower.vision_model.", "model.vision_tower.");
    private static final List<String> PROJECTORS = List.of("multi_modal_projector.", "model.multi_modal_projector.");
    private static final List<String> DECODERS = List.of("language_model.model.", "model.language_model.");
    private static final List<String> HEADS = List.of("language_model.lm_head.weight", "lm_head.weight");

    /** The layout whose prefixes occur; the published one for a part that does not occur at all. */
    public static LlavaKeys of(Set<String> names) {
        return new LlavaKeys(
                first(TOWERS, names), first(PROJECTORS, names), first(DECODERS, names), first(HEADS, names));
    }

    /** A key in a spelling that is the same in all of these layouts; the head is {@code lm_head.weight}. */
    public static String layoutFree(String key) {
        if (HEADS.contains(key)) {
            return Family.HEAD;
        }
        return Stream.of(
                        within(TOWERS, key, "vision_tower."),
                        within(PROJECTORS, key, "multi_modal_projector."),
                        within(DECODERS, key, "language_model."))
                .flatMap(Optional::stream)
                .findFirst()
                .orElse(key);
    }

    /** The longest prefix counts, since one of them is the beginning of another. */
    private static Optional<String> within(List<String> prefixes, String key, String common) {
        return prefixes.stream()
                .filter(key::startsWith)
                .max(Comparator.comparingInt(String::length))
                .map(prefix -> common + key.substring(prefix.length()));
    }

    private static String first(List<String> prefixes, Set<String> names) {
        return prefixes.stream()
                .filter(prefix -> names.stream().anyMatch(name -> name.startsWith(prefix)))
                .findFirst()
                .orElse(prefixes.getFirst());
    }
}
