package io.vlfinetune.trainer.family;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.family.gemma3.Gemma3Family;
import io.vlfinetune.trainer.family.idefics3.Idefics3Family;
import io.vlfinetune.trainer.family.internvl.InternVlFamily;
import io.vlfinetune.trainer.family.llava.LlavaFamily;
import io.vlfinetune.trainer.family.llavanext.LlavaNextFamily;
import io.vlfinetune.trainer.family.qwen25vl.Qwen25VlFamily;
import io.vlfinetune.trainer.family.qwen2vl.Qwen2VlFamily;
import io.vlfinetune.trainer.family.qwen3vl.Qwen3VlFamily;
import java.util.List;
import java.util.stream.Collectors;

/** The families this trainer knows. */
public final class Families {
    private static final List<Family> ALL = List.of(
            new LlavaFamily(),
            new LlavaNextFamily(),
            new Qwen2VlFamily(),
            new Qwen25VlFamily(),
            new Qwen3VlFamily(),
            Idefics3Family.idefics3(),
            Idefics3Family.smolVlm(),
            new InternVlFamily(),
            new Gemma3Family());

    private Families() {}

    /**
     * The family of a configuration, by its {@code model_type}.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported for any other, naming those that are supported
     */
    public static Family of(JsonNode config) {
        ConfigSection root = ConfigSection.of(config);
        String type = root.text("model_type", "");
        return ALL.stream()
                .filter(family -> family.name().equals(type))
                .findFirst()
                .orElseThrow(() -> root.refused(
                        "model_type", ALL.stream().map(Family::name).collect(Collectors.joining(", "))));
    }
}
