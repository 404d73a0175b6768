package io.vlfinetune.trainer.family.llava;

import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Turn;
import java.util.ArrayList;
import java.util.List;

/** What a template that puts images first writes of a turn. */
public final class TurnText {
    private TurnText() {}

    /** The texts of a turn. Blanks beside a mark in a text go, because the image moves to the front of the turn. */
    public static List<String> words(Turn turn) {
        List<Content> content = turn.content();
        var words = new ArrayList<String>();
        for (int i = 0; i < content.size(); i++) {
            if (content.get(i) instanceof Content.Text(String text)) {
                boolean afterMark = isMark(content, i - 1);
                boolean beforeMark = isMark(content, i + 1);
                String left = afterMark ? text.stripLeading() : text;
                String word = beforeMark ? left.stripTrailing() : left;
                if (!word.isEmpty() || !(afterMark || beforeMark)) {
                    words.add(word);
                }
            }
        }
        return words;
    }

    private static boolean isMark(List<Content> content, int index) {
        return index >= 0
                && index < content.size()
                && content.get(index) instanceof Content.Image(String _, var _, boolean marked)
                && marked;
    }
}
