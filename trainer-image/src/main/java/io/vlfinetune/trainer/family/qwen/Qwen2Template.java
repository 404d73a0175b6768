package io.vlfinetune.trainer.family.qwen;

import java.nio.file.Path;
import java.util.List;

/** The chat template of Qwen2-VL and Qwen2.5-VL. */
public final class Qwen2Template {
    /** Of Qwen/Qwen2-VL-7B-Instruct and Qwen/Qwen2.5-VL-7B-Instruct. */
    private static final String PUBLISHED = """
            {% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}\
            {% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system
            You are a helpful assistant.<|im_end|>
            {% endif %}<|im_start|>{{ message['role'] }}
            {% if message['content'] is string %}{{ message['content'] }}<|im_end|>
            {% else %}{% for content in message['content'] %}\
            {% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}\
            {% set image_count.value = image_count.value + 1 %}\
            {% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}<|vision_start|><|image_pad|><|vision_end|>\
            {% elif content['type'] == 'video' or 'video' in content %}\
            {% set video_count.value = video_count.value + 1 %}\
            {% if add_vision_id %}Video {{ video_count.value }}: {% endif %}<|vision_start|><|video_pad|><|vision_end|>\
            {% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>
            {% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
            {% endif %}""";

    private static final String OPENING = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n";

    private Qwen2Template() {}

    /**
     * The template of a model folder.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported if the folder has another one
     */
    public static QwenChatTemplate of(Path folder, String family) {
        QwenChatTemplate.requireIn(folder, List.of(PUBLISHED), family);
        return new QwenChatTemplate(OPENING);
    }
}
