package io.vlfinetune.trainer.family.llavanext;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.family.llava.LlavaChatTemplate;
import io.vlfinetune.trainer.family.llava.LlavaTokens;
import io.vlfinetune.trainer.processor.ChatTemplate;
import io.vlfinetune.trainer.processor.TemplateFile;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The conversation formats of LLaVA-NeXT, one for each language model it was published with. */
final class LlavaNextTemplates {
    private static final String FAMILY =
            "LLaVA-NeXT ([INST] <image>\\n… [/INST] …</s> or USER: <image>\\n… ASSISTANT: …)";

    private LlavaNextTemplates() {}

    /**
     * The format of a model folder: by its template, or without one by its language model.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported when the folder's template is another one
     */
    static ChatTemplate of(Path folder, LlavaTokens tokens) {
        List<String> mistral = MistralTemplate.KNOWN;
        TemplateFile.requireKnown(
                folder,
                Stream.concat(mistral.stream(), Stream.of(LlavaChatTemplate.PUBLISHED))
                        .toList(),
                FAMILY);
        boolean instructs = TemplateFile.find(folder)
                .map(found -> mistral.stream().anyMatch(found::rendersAs))
                .orElseGet(() -> ConfigSection.read(folder, "config.json")
                        .section("text_config")
                        .text("model_type", "llama")
                        .equals("mistral"));
        return instructs
                ? new MistralTemplate(tokens.imageToken())
                : new LlavaChatTemplate(tokens.imageToken(), tokens.endToken());
    }
}
