package io.vlfinetune.trainer.family.qwen;

import java.util.List;
import java.util.Set;

/**
 * Prefixes of a checkpoint's keys. Qwen2-VL and Qwen2.5-VL were published with the tower beside the decoder; Qwen3-VL,
 * and all that transformers 4.52 and later wrote in its own layout, have both under {@code model.}.
 *
 * @param tower of the vision tower's keys, the merger's included
 * @param decoder of the decoder's keys but the output head
 * @param head key of the output head
 */
record QwenKeys(String tower, String decoder, String head) {
    private static final String TOWER = "visual.";
    private static final String DECODER = "model.";
    private static final String NESTED_TOWER = "model.visual.";
    private static final String NESTED_DECODER = "model.language_model.";

    /** The layout whose prefixes occur, each part for itself. */
    static QwenKeys of(Set<String> names) {
        return new QwenKeys(
                occurs(NESTED_TOWER, names) ? NESTED_TOWER : TOWER,
                occurs(NESTED_DECODER, names) ? NESTED_DECODER : DECODER,
                "lm_head.weight");
    }

    /** A key in a spelling that is the same in all of these layouts; the head is {@code lm_head.weight}. */
    static String layoutFree(String key) {
        if (key.startsWith(NESTED_TOWER)) {
            return TOWER + key.substring(NESTED_TOWER.length());
        }
        // The nested prefix begins with the plain one, so it is looked for first.
        for (String decoder : List.of(NESTED_DECODER, DECODER)) {
            if (key.startsWith(decoder)) {
                return "language_model." + key.substring(decoder.length());
            }
        }
        return key;
    }

    private static boolean occurs(String prefix, Set<String> names) {
        return names.stream().anyMatch(name -> name.startsWith(prefix));
    }
}
