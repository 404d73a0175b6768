package io.vlfinetune.trainer.family.qwen3vl;

import io.vlfinetune.trainer.family.qwen.QwenChatTemplate;
import io.vlfinetune.trainer.processor.TemplateFile;
import java.nio.file.Path;
import java.util.List;

/** The chat template of Qwen3-VL, which adds no instructions of its own. */
final class Qwen3Template {
    /**
     * The template of Qwen/Qwen3-VL-8B-Instruct and its sisters, which renders as ours where there are no tools and
     * instructions come first.
     */
    private static final String PUBLISHED = "9d879ef91075acbfb2df7e441fd79d60bacfca989cf6d511d2af45c681e94f10";

    /** The same without the parts for tools and videos. */
    private static final String PLAIN = """
            {%- set image_count = namespace(value=0) %}
            {%- for message in messages %}
                {{- '<|im_start|>' + message.role + '\\n' }}
                {%- if message.content is string %}
                    {{- message.content }}
                {%- else %}
                    {%- for content in message.content %}
                        {%- if content.type == 'image' or 'image' in content or 'image_url' in content %}
                            {%- set image_count.value = image_count.value + 1 %}
                            {%- if add_vision_id %}Picture {{ image_count.value }}: {% endif -%}
                            <|vision_start|><|image_pad|><|vision_end|>
                        {%- elif 'text' in content %}
                            {{- content.text }}
                        {%- endif %}
                    {%- endfor %}
                {%- endif %}
                {{- '<|im_end|>\\n' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|im_start|>assistant\\n' }}
            {%- endif %}""";

    private Qwen3Template() {}

    /**
     * The template of a model folder.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported if the folder has another one
     */
    static QwenChatTemplate of(Path folder) {
        if (TemplateFile.find(folder)
                .filter(found -> found.digest().equals(PUBLISHED))
                .isEmpty()) {
            QwenChatTemplate.requireIn(folder, List.of(PLAIN), "Qwen3-VL");
        }
        return new QwenChatTemplate("");
    }
}
