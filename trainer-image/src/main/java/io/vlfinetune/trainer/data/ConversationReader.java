package io.vlfinetune.trainer.data;

import io.vlfinetune.api.DataFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads one sample of one format. */
sealed interface ConversationReader permits MessagesReader, DialogueReader {
    /** What would be trained on if we could, so that leaving it out is not for us to decide. */
    List<String> UNREAD = List.of("videos", "video", "audios", "audio", "tools", "functions");

    /** The keys of a sample that any format looks at. */
    Set<String> KEYS = Stream.concat(
                    Stream.of("messages", "conversations", "system", "images", "image"), UNREAD.stream())
            .collect(Collectors.toUnmodifiableSet());

    /**
     * Reads a sample.
     *
     * @throws io.vlfinetune.trainer.TrainerException DataInvalid, with the sample's place, when it is not of this format
     */
    Conversation read(SampleFields sample);

    /** The reader of a format; {@code Auto} is told from the keys of the first sample. */
    static ConversationReader of(DataFormat format, SampleFields first) {
        return switch (format) {
            case Auto -> of(detect(first), first);
            case Messages -> new MessagesReader();
            case ShareGPT -> DialogueReader.shareGpt();
            case LLaVA -> DialogueReader.llava();
        };
    }

    /** The format that the keys of a sample tell. */
    private static DataFormat detect(SampleFields first) {
        if (first.has("messages")) {
            return DataFormat.Messages;
        }
        if (first.has("conversations")) {
            // A first sample without any image may stand before ones with `image` or `images`; ShareGPT reads both.
            return first.has("image") ? DataFormat.LLaVA : DataFormat.ShareGPT;
        }
        throw first.location()
                .invalid("cannot tell the format: found " + first.keys()
                        + "; expected `messages` (OpenAI) or `conversations` (ShareGPT, LLaVA)");
    }

    /** Refuses samples that have more than text and images. */
    static void requireReadable(SampleFields sample) {
        for (String key : UNREAD) {
            if (sample.hasContent(key)) {
                throw sample.invalid(key, "is given, but only text and images are read; leave such samples out");
            }
        }
    }

    /** The turn of the {@code system} text that may stand beside a dialogue: none or one. */
    static List<Turn> system(SampleFields sample, ImageMarks marks) {
        return sample.has("system") && !sample.text("system").isEmpty()
                ? List.of(new Turn(Speaker.System, marks.split(sample.text("system"))))
                : List.of();
    }

    /** Checks what every format promises and makes the conversation. */
    static Conversation finish(SampleLocation location, List<Turn> turns, ImageMarks marks) {
        marks.finish();
        for (Turn turn : turns) {
            if (turn.speaker() != Speaker.User && turn.imageCount() > 0) {
                throw location.invalid("an image in a turn of the "
                        + turn.speaker().name().toLowerCase(Locale.ROOT) + "; put images into turns of the user");
            }
        }
        for (Turn turn : turns.subList(Math.min(1, turns.size()), turns.size())) {
            if (turn.speaker() == Speaker.System) {
                throw location.invalid("a system turn after the first turn; give one, and put it first");
            }
        }
        if (turns.stream().noneMatch(turn -> turn.speaker() == Speaker.Assistant)) {
            throw location.invalid("no turn of the assistant, so there is nothing to train on; add its answer");
        }
        return new Conversation(location, turns);
    }
}
